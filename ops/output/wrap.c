/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/output/wrap.h"

#include <stdbool.h>
#include <string.h>

enum {
    LINE_WIDTH = 80,
};

/* `column` is 0 at the start of a line. */
static void print(const char *text, size_t indent, size_t column, FILE *out)
{
    bool is_first = true;

    while (*text != '\0') {
        size_t blanks = strspn(text, " \n");
        const char *newline = memchr(text, '\n', blanks);
        size_t len;

        if (newline && memchr(newline + 1, '\n', (size_t)(text + blanks - newline - 1))) {
            fputs(column > 0 ? "\n\n" : "", out);
            column = 0;
        }
        text += blanks;
        len = strcspn(text, " \n");
        if (len == 0)
            break;
        if (column > 0 && column + 1 + len > LINE_WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        if (column == 0) {
            fprintf(out, "%*s", (int)indent, "");
            column = indent;
        } else if (!is_first) {
            fputc(' ', out);
            column++;
        }
        is_first = false;
        fwrite(text, 1, len, out);
        column += len;
        text += len;
    }
    fputs(column > 0 ? "\n" : "", out);
}

void wrap_print(const char *text, size_t indent, FILE *out)
{
    print(text, indent, 0, out);
}

void wrap_print_from(const char *text, size_t indent, FILE *out)
{
    print(text, indent, indent, out);
}
