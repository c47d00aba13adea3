/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/position.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

struct cursor {
    const char *at;
    const char *end;
};

static bool byte_is(const struct cursor *cursor, const char *set)
{
    return cursor->at < cursor->end && *cursor->at != '\0' && strchr(set, *cursor->at);
}

static void blanks_skip(struct cursor *cursor)
{
    while (byte_is(cursor, " \t\r\n"))
        cursor->at++;
}

/* From a quote to behind the one that ends it. */
static void string_skip(struct cursor *cursor)
{
    cursor->at++;
    while (cursor->at < cursor->end && *cursor->at != '"')
        cursor->at += *cursor->at == '\\' && cursor->at + 1 < cursor->end ? 2 : 1;
    if (cursor->at < cursor->end)
        cursor->at++;
}

/* To the comma or bracket behind a value. */
static void value_skip(struct cursor *cursor)
{
    size_t depth = 0;

    while (cursor->at < cursor->end) {
        if (*cursor->at == '"') {
            string_skip(cursor);
            continue;
        }
        if (depth == 0 && byte_is(cursor, ",]}"))
            return;
        depth += byte_is(cursor, "[{");
        depth -= byte_is(cursor, "]}");
        cursor->at++;
    }
}

/* Whether the string between `start` and `end`, quotes included, means `key`. */
static bool string_is(const char *start, const char *end, const char *key)
{
    json_t *value = json_loadb(start, (size_t)(end - start), JSON_DECODE_ANY, NULL);
    const char *text = json_string_value(value);
    bool same = text && strcmp(text, key) == 0;

    json_decref(value);
    return same;
}

/* Goes from an object or list to what a step leads to. Returns where that is named, or NULL. */
static const char *step_take(struct cursor *cursor, const struct position_step *step)
{
    bool is_list = byte_is(cursor, "[");

    if (is_list == (step->key != NULL))
        return NULL;
    cursor->at++;
    for (size_t i = 0; cursor->at < cursor->end; i++) {
        const char *start;
        bool found = i == step->index;

        blanks_skip(cursor);
        start = cursor->at;
        if (!is_list) {
            if (!byte_is(cursor, "\""))
                return NULL;
            string_skip(cursor);
            found = string_is(start, cursor->at, step->key);
            blanks_skip(cursor);
            cursor->at++; /* The colon. */
            blanks_skip(cursor);
        }
        if (found)
            return start;
        value_skip(cursor);
        if (!byte_is(cursor, ","))
            return NULL;
        cursor->at++;
    }
    return NULL;
}

size_t position_line(const char *text, size_t size, const struct position_step *steps, size_t count)
{
    struct cursor cursor = { .at = text, .end = text + size };
    const char *place = text;
    size_t line = 1;

    blanks_skip(&cursor);
    place = cursor.at;
    for (size_t i = 0; i < count; i++) {
        const char *next = step_take(&cursor, &steps[i]);

        if (!next)
            break;
        place = next;
    }
    for (const char *byte = text; byte < place; byte++)
        line += *byte == '\n';
    return line;
}
