/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/manifest/manifest.h"

#include "lib/base/mem.h"
#include "lib/manifest/keys.h"

static char empty_value[1];

/* A piece of the text: [start, end). */
struct piece {
    char *start;
    char *end;
};

void manifest_init(struct manifest *manifest)
{
    mem_zero(manifest, sizeof(*manifest));
    manifest->cwd = "/";
    manifest->restart_pause_ms = MANIFEST_RESTART_PAUSE;
}

static bool fail(struct manifest_error *error, u32 line, const char *what,
                 const struct piece *about)
{
    *error = (struct manifest_error){ .line = line, .what = what };
    if (about) {
        error->word = about->start;
        error->word_len = (u32)(about->end - about->start);
    }
    return false;
}

/* Splits `whole` at the first `divider`; without one `rest` is empty and has a NULL start. */
static void piece_split(struct piece whole, char divider, struct piece *first, struct piece *rest)
{
    *first = whole;
    *rest = (struct piece){ NULL, NULL };
    for (char *at = whole.start; at < whole.end; at++) {
        if (*at == divider) {
            first->end = at;
            *rest = (struct piece){ at + 1, whole.end };
            return;
        }
    }
}

static bool escape_decode(char *decoded, char letter)
{
    switch (letter) {
    case 'n':
        *decoded = '\n';
        return true;
    case 's':
        *decoded = ' ';
        return true;
    case '\\':
        *decoded = '\\';
        return true;
    default:
        return false;
    }
}

/*
 * Unescapes `value` to one byte in front of where it was, which is its divider and no longer
 * needed: so there is room for the NUL even where the text ends without a newline. Returns the
 * string, or NULL with `*what` saying why not.
 */
static char *value_decode(struct piece value, const char **what)
{
    char *text;
    char *to;

    if (!value.start)
        return empty_value;
    text = value.start - 1;
    to = text;
    for (const char *from = value.start; from < value.end; from++) {
        char letter = *from;

        if (letter == '\0') {
            *what = "a NUL byte in";
            return NULL;
        }
        if (letter == '\\' && (++from == value.end || !escape_decode(&letter, *from))) {
            *what = "an unknown escape in";
            return NULL;
        }
        *to++ = letter;
    }
    *to = '\0';
    return text;
}

static bool key_set(struct manifest *manifest, const struct manifest_key *key, struct piece name,
                    struct piece value, struct manifest_error *error, u32 line)
{
    const char *what = NULL;
    char *text = value_decode(value, &what);

    if (!text)
        return fail(error, line, what, &name);
    if (text[0] == '\0' && !key->may_be_empty)
        return fail(error, line, "no value for", &name);
    what = key->set(manifest, text);
    if (what) {
        struct piece about = { text, text + manifest_text_len(text) };

        return fail(error, line, what, &about);
    }
    return true;
}

static bool line_parse(struct manifest *manifest, struct piece line, struct manifest_error *error,
                       u32 nr)
{
    const struct manifest_key *key;
    struct piece name;
    struct piece value;

    if (line.start == line.end || line.start[0] == '#')
        return true;
    piece_split(line, ' ', &name, &value);
    key = manifest_key_find(name.start, (size_t)(name.end - name.start));
    if (!key)
        return fail(error, nr, "unknown key", &name);
    return key_set(manifest, key, name, value, error, nr);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): changed through `rest`. */
bool manifest_parse(struct manifest *manifest, char *text, size_t size,
                    struct manifest_error *error)
{
    struct piece rest = { text, text + size };
    u32 nr = 0;

    if (size > MANIFEST_SIZE_MAX)
        return fail(error, 0, "the manifest is too large", NULL);
    while (rest.start && rest.start < rest.end) {
        struct piece line;

        nr++;
        piece_split(rest, '\n', &line, &rest);
        if (!line_parse(manifest, line, error, nr))
            return false;
    }
    return true;
}

bool manifest_overlay_lines(struct manifest *manifest, char *text, size_t size,
                            struct manifest_error *error)
{
    manifest->args_replaced = false;
    manifest->dns_replaced = false;
    return manifest_parse(manifest, text, size, error);
}

static bool word_parse(struct manifest *manifest, struct piece word, struct manifest_error *error,
                       u32 nr)
{
    const struct manifest_key *key;
    struct piece name;
    struct piece value;

    piece_split(word, '=', &name, &value);
    if (!value.start)
        return true;
    key = manifest_key_find(name.start, (size_t)(name.end - name.start));
    if (!key)
        return true;
    return key_set(manifest, key, name, value, error, nr);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): changed through `rest`. */
bool manifest_overlay(struct manifest *manifest, char *text, size_t size,
                      struct manifest_error *error)
{
    struct piece rest = { text, text + size };
    u32 nr = 0;

    if (size > MANIFEST_SIZE_MAX)
        return fail(error, 0, "the command line is too large", NULL);
    manifest->args_replaced = false;
    manifest->dns_replaced = false;
    while (rest.start && rest.start < rest.end) {
        struct piece word;

        piece_split(rest, ' ', &word, &rest);
        if (word.start == word.end)
            continue;
        nr++;
        if (!word_parse(manifest, word, error, nr))
            return false;
    }
    return true;
}

bool manifest_finish(struct manifest *manifest, struct manifest_error *error)
{
    if (!manifest->program)
        return fail(error, 0, "no program", NULL);
    if (manifest->network == MANIFEST_NETWORK_STATIC && manifest->ip == 0)
        return fail(error, 0, "network is static and there is no ip", NULL);
    if (manifest->arg_count == 0)
        manifest->args[manifest->arg_count++] = manifest->program;
    return true;
}
