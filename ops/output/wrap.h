/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Prose for a terminal. */

#include <stddef.h>
#include <stdio.h>

/*
 * Prints `text` in lines of at most 80 characters, each `indent` to the right, and ends the last.
 * An empty line in the text stays one; a word that is too long has a line of its own.
 */
void wrap_print(const char *text, size_t indent, FILE *out);

/* The same where the first line has `indent` characters already. */
void wrap_print_from(const char *text, size_t indent, FILE *out);
