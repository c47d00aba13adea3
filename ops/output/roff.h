/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Manual pages in roff's man macros, as groff and mandoc take them. */

#include <stdio.h>

/* The title line: `name` is in capitals, "OPS-RUN". */
void roff_title(const char *name, int section, FILE *out);

void roff_section(const char *name, FILE *out);

/* Text within a line, with what means something to roff escaped. */
void roff_words(const char *text, FILE *out);

/* Paragraphs, with an empty line between them, that end in a newline. Nothing for no text. */
void roff_prose(const char *text, FILE *out);

/* Lines as they are, as of a shell. */
void roff_lines(const char *text, FILE *out);
