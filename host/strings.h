/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A list of strings that owns them and always ends with a NULL, so that it serves as an argv. */

#include <stdbool.h>
#include <stddef.h>

struct strings {
    char **items; /* NULL while the list is empty. */
    size_t count;
};

/* An empty list is all zeros. */
void strings_fini(struct strings *strings);

void strings_add(struct strings *strings, const char *text);
void strings_addf(struct strings *strings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes `text`, which came from malloc, over. */
void strings_take(struct strings *strings, char *text);

void strings_add_all(struct strings *strings, const struct strings *more);
bool strings_has(const struct strings *strings, const char *text);

/*
 * Sets NAME=VALUE in a list of such: replaces the entry of the same NAME, or adds one. Returns
 * false when `text` has no `=` or nothing in front of it.
 */
bool strings_set_env(struct strings *strings, const char *text);
