/* SPDX-License-Identifier: Apache-2.0 */
/* Text: numbers at their limits, and text_format() against the C library's own printf. */
#include "lib/base/text.h"
#include "test/unit/unit.h"

#include <stdarg.h>
#include <string.h>

TEST(text, numbers_parse_only_when_all_of_them_is_one)
{
    static const struct {
        const char *text;
        bool ok;
        u64 value;
    } cases[] = {
        { "0", true, 0 },
        { "42", true, 42 },
        { "18446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 }, /* One more than fits. */
        { "99999999999999999999", false, 0 },
        { "0x10", true, 16 },
        { "0XfF", true, 255 },
        { "0xffffffffffffffff", true, UINT64_MAX },
        { "0x10000000000000000", false, 0 },
        { "", false, 0 },
        { "0x", false, 0 },
        { "-1", false, 0 },
        { "1 ", false, 0 },
        { "a", false, 0 },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        u64 value = 77;

        CHECK_EQ(text_parse_u64(cases[i].text, strlen(cases[i].text), &value), cases[i].ok);
        CHECK(value == (cases[i].ok ? cases[i].value : 77));
    }
}

TEST(text, strings_compare_and_search)
{
    CHECK(str_equal("abc", "abc"));
    CHECK(!str_equal("abc", "abcd"));
    CHECK(str_compare("a", "b") < 0);
    CHECK(str_compare("\xff", "a") > 0); /* By unsigned bytes. */
    CHECK_EQ(str_len_max("abc", 2), 2);
    CHECK(strcmp(str_after("foo=1", "foo="), "1") == 0);
    CHECK(!str_after("fo", "foo"));
    CHECK(strcmp(str_find_last("/a/b", '/'), "/b") == 0);
    CHECK(!str_find("abc", 'x'));
}

TEST(text, copies_end_with_nul_even_when_cut)
{
    char room[4];

    CHECK(str_copy(room, sizeof(room), "abc"));
    CHECK(!str_copy(room, sizeof(room), "abcd"));
    CHECK(strcmp(room, "abc") == 0);
}

TEST(text, is_put_together_of_pieces)
{
    char bytes[8];
    struct text text;

    text_init(&text, bytes, sizeof(bytes));
    text_put(&text, "abc", 2);
    text_put_char(&text, '=');
    text_put_string(&text, "");
    text_put_string(&text, "12345");
    CHECK(str_equal(bytes, "ab=1234"));
    CHECK_EQ(text.dropped, 1);
}

TEST(text, what_does_not_fit_is_dropped_and_counted)
{
    char room[8];
    struct text text;

    text_init(&text, room, sizeof(room));
    text_format(&text, "%s-%d", "abcde", 1234);
    CHECK(strcmp(room, "abcde-1") == 0);
    CHECK_EQ(text.len, 7);
    CHECK_EQ(text.dropped, 3);
    text_put_char(&text, 'x');
    CHECK_EQ(text.dropped, 4);
}

static void check_same(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void check_same(const char *format, ...)
{
    char ours[256];
    char theirs[256];
    struct text text;
    va_list args;

    va_start(args, format);
    text_init(&text, ours, sizeof(ours));
    text_format_args(&text, format, args);
    va_end(args);
    va_start(args, format);
    vsnprintf(theirs, sizeof(theirs), format, args);
    va_end(args);
    if (strcmp(ours, theirs) != 0)
        fprintf(stderr, "%s: '%s', not '%s'\n", format, ours, theirs);
    CHECK(strcmp(ours, theirs) == 0);
}

TEST(text, formats_as_printf_does)
{
    check_same("plain 100%%");
    check_same("%d %i %u", -5, INT32_MIN, 4000000000u);
    check_same("%5d|%-5d|%05d|%+d|% d", 42, 42, -42, 42, 42);
    check_same("%x %X %#x %#X %#o %o", 255u, 255u, 255u, 255u, 8u, 8u);
    check_same("%#x|%08x|%#010x|%-#10x|", 0u, 0xbeefu, 0xbeefu, 0xbeefu);
    /* NOLINTNEXTLINE(clang-diagnostic-format): numbers that are cut are the point. */
    check_same("%hhd %hhu %hd %hu", -1, 300, -2, 70000);
    check_same("%ld %lu %lld %llu %zu", -1l, ~0ul, -9223372036854775807ll - 1, ~0ull, (size_t)7);
    check_same("%.3d|%8.3d|%-8.3d|%.0d|", 5, -5, 5, 0);
    check_same("%s|%10s|%-10s|%.2s|%*s|%.*s|", "abc", "abc", "abc", "abc", 6, "abc", 1, "abc");
    check_same("%*d|%-*d|", -6, 42, 6, 42);
    check_same("%c%c|%3c|", 'a', 'b', 'c');
    check_same("%p", (void *)0xdead0000);
    check_same("%016llx", 0x123456789abcdefull);
}
