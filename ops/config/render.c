/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/render.h"

#include "host/err.h"
#include "host/xmem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
    const char *at;
    const char *end;
    size_t line;
    bool in_quotes;
};

static bool is_name(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* A value as JSON writes it between quotes. */
static void escaped_put(const char *value, FILE *out)
{
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            fprintf(out, "\\%c", *value);
        } else if ((unsigned char)*value < ' ') {
            fprintf(out, "\\u%04x", (unsigned)*value);
        } else {
            fputc(*value, out);
        }
    }
}

/* The name behind a dollar, to be freed; NULL: none, and nothing was read. */
static char *name_read(struct reader *reader)
{
    bool is_braced = reader->at < reader->end && *reader->at == '{';
    const char *start = reader->at + is_braced;
    const char *end = start;

    if (start < reader->end && isdigit((unsigned char)*start))
        return NULL;
    while (end < reader->end && is_name(*end))
        end++;
    if (end == start || (is_braced && (end == reader->end || *end != '}')))
        return NULL;
    reader->at = end + is_braced;
    return xstrndup(start, (size_t)(end - start));
}

static int dollar_put(struct reader *reader, const char *file, FILE *out, struct err *err)
{
    char *name = name_read(reader);
    const char *value;
    int status = 0;

    if (!name) {
        reader->at += reader->at < reader->end && *reader->at == '$';
        fputc('$', out);
        return 0;
    }
    value = getenv(name);
    if (!value) {
        status = err_set(err,
                         "%s:%zu: there is no variable '%.80s' in the environment\n"
                         "hint: $$ is a dollar",
                         file, reader->line, name);
    } else if (reader->in_quotes) {
        escaped_put(value, out);
    } else {
        fputs(value, out);
    }
    free(name);
    return status;
}

/* One byte, or what stands behind a dollar. */
static int next_put(struct reader *reader, const char *file, FILE *out, struct err *err)
{
    char byte = *reader->at++;

    if (byte == '$')
        return dollar_put(reader, file, out, err);
    reader->line += byte == '\n';
    fputc(byte, out);
    if (byte == '"') {
        reader->in_quotes = !reader->in_quotes;
    } else if (byte == '\\' && reader->in_quotes && reader->at < reader->end) {
        fputc(*reader->at++, out);
    }
    return 0;
}

char *render_variables(const char *text, size_t size, const char *name, struct err *err)
{
    struct reader reader = { .at = text, .end = text + size, .line = 1 };
    char *rendered = NULL;
    size_t rendered_size;
    FILE *out = open_memstream(&rendered, &rendered_size);
    int status = 0;

    if (!out) {
        err_set_errno(err, "cannot render '%s'", name);
        return NULL;
    }
    while (reader.at < reader.end && status == 0)
        status = next_put(&reader, name, out, err);
    fclose(out);
    if (status == 0)
        return rendered;
    free(rendered);
    return NULL;
}
