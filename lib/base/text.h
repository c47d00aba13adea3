/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Text without a libc: NUL-ended strings, numbers from text, and text built up in a buffer that
 * cannot overflow.
 */

#include "lib/base/types.h"

#include <stdarg.h>

size_t str_len(const char *text);
/* The length, or `max` when no NUL comes before. */
size_t str_len_max(const char *text, size_t max);
bool str_equal(const char *left, const char *right);
/* Below, at or above 0, by bytes. */
int str_compare(const char *left, const char *right);
/* What follows `prefix` in `text`, or NULL when it does not start with it. */
const char *str_after(const char *text, const char *prefix);
/* The first `c` in `text`, or NULL. */
const char *str_find(const char *text, char c);
/* The last `c` in `text`, or NULL. */
const char *str_find_last(const char *text, char c);
/* Copies as much as fits, always ends with NUL; returns whether all of it fitted. `size` > 0. */
bool str_copy(char *to, size_t size, const char *from);

/*
 * Reads a number from all of `text` (`len` bytes): decimal, or hexadecimal after 0x. Returns false,
 * and leaves `*value` alone, when it is empty, has anything else in it, or does not fit.
 */
bool text_parse_u64(const char *text, size_t len, u64 *value);

/* A text under construction. It stays NUL-ended; what does not fit is dropped and counted. */
struct text {
    char *bytes;
    size_t size;    /* Room, the NUL included. Not 0. */
    size_t len;     /* Bytes in it, without the NUL. */
    size_t dropped; /* Bytes that did not fit. */
};

void text_init(struct text *text, char *bytes, size_t size);
void text_put(struct text *text, const char *bytes, size_t len);
void text_put_char(struct text *text, char c);
void text_put_string(struct text *text, const char *string);

/*
 * printf's subset that the kernel uses: %d %i %u %x %X %o with hh h l ll z, %c %s %p %%, width,
 * precision (for %s and numbers), '0', '-', '+', ' ' and '#'; '*' for width and precision.
 */
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_format_args(struct text *text, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
