/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/text.h"

#include "lib/base/mem.h"
#include "lib/base/num.h"

size_t str_len(const char *text)
{
    return str_len_max(text, SIZE_MAX);
}

size_t str_len_max(const char *text, size_t max)
{
    size_t len = 0;

    while (len < max && text[len] != '\0')
        len++;
    return len;
}

bool str_equal(const char *left, const char *right)
{
    return str_compare(left, right) == 0;
}

int str_compare(const char *left, const char *right)
{
    size_t i = 0;

    while (left[i] != '\0' && left[i] == right[i])
        i++;
    return (int)(u8)left[i] - (int)(u8)right[i];
}

const char *str_after(const char *text, const char *prefix)
{
    size_t i = 0;

    for (; prefix[i] != '\0'; i++) {
        if (text[i] != prefix[i])
            return NULL;
    }
    return text + i;
}

const char *str_find(const char *text, char c)
{
    for (;; text++) {
        if (*text == c)
            return text;
        if (*text == '\0')
            return NULL;
    }
}

const char *str_find_last(const char *text, char c)
{
    const char *found = NULL;

    for (;; text++) {
        if (*text == c)
            found = text;
        if (*text == '\0')
            return found;
    }
}

bool str_copy(char *to, size_t size, const char *from)
{
    size_t len = str_len(from);
    size_t fits = size_min(len, size - 1);

    mem_copy(to, from, fits);
    to[fits] = '\0';
    return fits == len;
}

/* The value of a digit, or one that is no digit of any base here. */
static u32 digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (u32)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (u32)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (u32)(c - 'A' + 10);
    return UINT32_MAX;
}

bool text_parse_u64(const char *text, size_t len, u64 *value)
{
    bool is_hex = len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    u32 base = is_hex ? 16 : 10;
    u64 number = 0;

    if (len == 0)
        return false;
    for (size_t i = is_hex ? 2 : 0; i < len; i++) {
        u32 digit = digit_value(text[i]);

        if (digit >= base || !u64_mul(number, base, &number) || !u64_add(number, digit, &number))
            return false;
    }
    *value = number;
    return true;
}

void text_init(struct text *text, char *bytes, size_t size)
{
    *text = (struct text){ .bytes = bytes, .size = size };
    bytes[0] = '\0';
}

void text_put(struct text *text, const char *bytes, size_t len)
{
    size_t fits = size_min(len, text->size - 1 - text->len);

    mem_copy(text->bytes + text->len, bytes, fits);
    text->len += fits;
    text->bytes[text->len] = '\0';
    text->dropped += len - fits;
}

void text_put_char(struct text *text, char c)
{
    text_put(text, &c, 1);
}

void text_put_string(struct text *text, const char *string)
{
    text_put(text, string, str_len(string));
}
