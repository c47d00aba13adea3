/* SPDX-License-Identifier: Apache-2.0 */
#include "host/strings.h"

#include "host/xmem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void strings_fini(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct strings){ 0 };
}

void strings_take(struct strings *strings, char *text)
{
    strings->items = xrealloc(strings->items, strings->count + 2, sizeof(*strings->items));
    strings->items[strings->count++] = text;
    strings->items[strings->count] = NULL;
}

void strings_add(struct strings *strings, const char *text)
{
    strings_take(strings, xstrdup(text));
}

void strings_addf(struct strings *strings, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    strings_take(strings, xvasprintf(format, args));
    va_end(args);
}

void strings_add_all(struct strings *strings, const struct strings *more)
{
    for (size_t i = 0; i < more->count; i++)
        strings_add(strings, more->items[i]);
}

bool strings_has(const struct strings *strings, const char *text)
{
    for (size_t i = 0; i < strings->count; i++) {
        if (strcmp(strings->items[i], text) == 0)
            return true;
    }
    return false;
}

bool strings_set_env(struct strings *strings, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t len;

    if (!equals || equals == text)
        return false;
    len = (size_t)(equals - text) + 1;
    for (size_t i = 0; i < strings->count; i++) {
        if (strncmp(strings->items[i], text, len) == 0) {
            free(strings->items[i]);
            strings->items[i] = xstrdup(text);
            return true;
        }
    }
    strings_add(strings, text);
    return true;
}
