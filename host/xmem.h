/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Memory for ops, where running out of it ends the program: these never return NULL. */

#include <stdarg.h>
#include <stddef.h>

/* Zeroed, `count` elements of `size`. free() gives it back, as with all of these. */
void *xcalloc(size_t count, size_t size);

/* Like reallocarray(). */
void *xrealloc(void *memory, size_t count, size_t size);

char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len_max);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
