/* SPDX-License-Identifier: Apache-2.0 */
#include "host/xmem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one place where ops ends because there is no memory. */
static void *check(void *memory)
{
    if (!memory) {
        fputs("ops: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void *xcalloc(size_t count, size_t size)
{
    return check(calloc(count ? count : 1, size));
}

void *xrealloc(void *memory, size_t count, size_t size)
{
    return check(reallocarray(memory, count ? count : 1, size));
}

char *xstrdup(const char *text)
{
    return check(strdup(text));
}

char *xstrndup(const char *text, size_t len_max)
{
    return check(strndup(text, len_max));
}

char *xvasprintf(const char *format, va_list args)
{
    char *text = NULL;
    int len = vasprintf(&text, format, args);

    return check(len < 0 ? NULL : text);
}

char *xasprintf(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    return text;
}
