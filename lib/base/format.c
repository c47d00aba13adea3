/* SPDX-License-Identifier: Apache-2.0 */
/* text_format(): printf's subset of lib/base/text.h. An unknown conversion is put as it stands. */
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

#include <stdarg.h>

enum {
    DIGITS_MAX = 24, /* 2^64 in octal is 22 digits. */
};

enum spec_flags {
    SPEC_LEFT = 1u << 0,
    SPEC_ZERO = 1u << 1,
    SPEC_PLUS = 1u << 2,
    SPEC_SPACE = 1u << 3,
    SPEC_ALTERNATE = 1u << 4,
};

struct spec {
    u32 flags;
    int width;     /* 0 without. */
    int precision; /* -1 without. */
    int size;      /* Bytes of the integer argument. */
    char conversion;
};

static void pad(struct text *text, char c, int count)
{
    for (; count > 0; count--)
        text_put_char(text, c);
}

/* `body` in the field's width; `prefix` (a sign, 0x) comes before zeros that fill it. */
static void put_field(struct text *text, const struct spec *spec, const char *prefix,
                      const char *body, size_t len, bool fill_zeros)
{
    int missing = spec->width - (int)(str_len(prefix) + len);

    if (!(spec->flags & SPEC_LEFT) && !fill_zeros)
        pad(text, ' ', missing);
    text_put(text, prefix, str_len(prefix));
    if (fill_zeros)
        pad(text, '0', missing);
    text_put(text, body, len);
    if (spec->flags & SPEC_LEFT)
        pad(text, ' ', missing);
}

static void put_number(struct text *text, const struct spec *spec, u64 value, const char *prefix)
{
    const char *all = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    u32 base = spec->conversion == 'o'                                                         ? 8
               : spec->conversion == 'x' || spec->conversion == 'X' || spec->conversion == 'p' ? 16
                                                                                               : 10;
    bool fill = (spec->flags & SPEC_ZERO) && !(spec->flags & SPEC_LEFT) && spec->precision < 0;
    char digits[DIGITS_MAX + 64];
    size_t start = sizeof(digits);
    size_t least = spec->precision < 0 ? 1 : size_min((size_t)spec->precision, 64);

    while (value > 0 || sizeof(digits) - start < least) {
        /* cppcheck takes the condition on `value` for one on `base`. */
        /* cppcheck-suppress zerodivcond */
        digits[--start] = all[value % base];
        value /= base;
    }
    put_field(text, spec, prefix, digits + start, sizeof(digits) - start, fill);
}

static void put_signed(struct text *text, const struct spec *spec, s64 value)
{
    const char *sign = spec->flags & SPEC_PLUS ? "+" : spec->flags & SPEC_SPACE ? " " : "";

    if (value < 0) {
        put_number(text, spec, 0 - (u64)value, "-");
    } else {
        put_number(text, spec, (u64)value, sign);
    }
}

static void put_unsigned(struct text *text, const struct spec *spec, u64 value)
{
    bool alternate = (spec->flags & SPEC_ALTERNATE) && value != 0;
    const char *prefix = "";

    if (alternate && spec->conversion == 'x') {
        prefix = "0x";
    } else if (alternate && spec->conversion == 'X') {
        prefix = "0X";
    } else if (alternate && spec->conversion == 'o') {
        prefix = "0";
    }
    put_number(text, spec, value, prefix);
}

static void put_string(struct text *text, const struct spec *spec, const char *string)
{
    size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

    if (!string)
        string = "(null)";
    put_field(text, spec, "", string, str_len_max(string, max), false);
}

static const char *parse_flags(const char *at, struct spec *spec)
{
    for (;; at++) {
        if (*at == '-') {
            spec->flags |= SPEC_LEFT;
        } else if (*at == '0') {
            spec->flags |= SPEC_ZERO;
        } else if (*at == '+') {
            spec->flags |= SPEC_PLUS;
        } else if (*at == ' ') {
            spec->flags |= SPEC_SPACE;
        } else if (*at == '#') {
            spec->flags |= SPEC_ALTERNATE;
        } else {
            return at;
        }
    }
}

static const char *parse_count(const char *at, int *count)
{
    *count = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (*count < 100000)
            *count = *count * 10 + (*at - '0');
    }
    return at;
}

static const char *parse_size(const char *at, struct spec *spec)
{
    spec->size = sizeof(int);
    if (at[0] == 'h') {
        spec->size = at[1] == 'h' ? sizeof(char) : sizeof(short);
        return at + (at[1] == 'h' ? 2 : 1);
    }
    if (at[0] == 'l') {
        spec->size = sizeof(long);
        return at + (at[1] == 'l' ? 2 : 1);
    }
    if (at[0] == 'z' || at[0] == 't' || at[0] == 'j') {
        spec->size = sizeof(size_t);
        return at + 1;
    }
    return at;
}

static s64 narrow_signed(u64 value, int size)
{
    switch (size) {
    case 1:
        return (int8_t)value;
    case 2:
        return (int16_t)value;
    case 4:
        return (s32)value;
    default:
        return (s64)value;
    }
}

static u64 narrow_unsigned(u64 value, int size)
{
    return size == 8 ? value : value & ((1ull << (size * 8)) - 1);
}

/* A va_list in a struct can be handed on by pointer, whatever type it is. */
struct arguments {
    va_list list;
};

static u64 next_integer(struct arguments *arguments, int size)
{
    return size == 8 ? va_arg(arguments->list, u64) : va_arg(arguments->list, u32);
}

static const char *parse_spec(const char *at, struct spec *spec, struct arguments *arguments)
{
    *spec = (struct spec){ .precision = -1 };
    at = parse_flags(at, spec);
    if (*at == '*') {
        spec->width = va_arg(arguments->list, int);
        at++;
    } else {
        at = parse_count(at, &spec->width);
    }
    if (spec->width < 0) {
        spec->flags |= SPEC_LEFT;
        spec->width = spec->width == INT32_MIN ? 0 : -spec->width;
    }
    if (*at == '.') {
        at++;
        if (*at == '*') {
            spec->precision = va_arg(arguments->list, int);
            at++;
        } else {
            at = parse_count(at, &spec->precision);
        }
    }
    at = parse_size(at, spec);
    spec->conversion = *at;
    return at;
}

static void put_spec(struct text *text, const struct spec *spec, struct arguments *arguments)
{
    char c;

    switch (spec->conversion) {
    case 'd':
    case 'i':
        put_signed(text, spec, narrow_signed(next_integer(arguments, spec->size), spec->size));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(text, spec, narrow_unsigned(next_integer(arguments, spec->size), spec->size));
        break;
    case 'p':
        put_number(text, spec, (u64)(uintptr_t)va_arg(arguments->list, void *), "0x");
        break;
    case 's':
        put_string(text, spec, va_arg(arguments->list, const char *));
        break;
    case 'c':
        c = (char)va_arg(arguments->list, int);
        put_field(text, spec, "", &c, 1, false);
        break;
    case '%':
        text_put_char(text, '%');
        break;
    default:
        text_put_char(text, '%');
        text_put_char(text, spec->conversion);
        break;
    }
}

void text_format_args(struct text *text, const char *format, va_list args)
{
    struct arguments arguments;
    const char *at = format;

    va_copy(arguments.list, args);
    while (*at != '\0') {
        const char *percent = str_find(at, '%');
        struct spec spec;

        if (!percent) {
            text_put(text, at, str_len(at));
            break;
        }
        text_put(text, at, (size_t)(percent - at));
        at = parse_spec(percent + 1, &spec, &arguments);
        if (*at == '\0')
            break;
        put_spec(text, &spec, &arguments);
        at++;
    }
    va_end(arguments.list);
}

void text_format(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_format_args(text, format, args);
    va_end(args);
}
