/* SPDX-License-Identifier: Apache-2.0 */
/* Each table is an array of values and one text of all names: no pointers to relocate. */
#include "kernel/debug/trace_names.h"

#include "lib/base/text.h"
#include "lib/base/types.h"

#define BEGIN(name, unknown) static const u32 name##_values[] = {
#define NAME(name, value)    value,
#define END(name) \
    }             \
    ;
#include "kernel/debug/trace_names.def"
#undef BEGIN
#undef NAME
#undef END

#define BEGIN(name, unknown) static const char name##_text[] =
#define NAME(name, value)    #name "\0"
#define END(name)            ;
#include "kernel/debug/trace_names.def"
#undef BEGIN
#undef NAME
#undef END

#define BEGIN(name, its_unknown)              \
    const struct trace_names trace_##name = { \
        .values = name##_values,              \
        .text = name##_text,                  \
        .count = ARRAY_COUNT(name##_values),  \
        .unknown = (its_unknown),             \
    };
#define NAME(name, value)
#define END(name)
#include "kernel/debug/trace_names.def"
#undef BEGIN
#undef NAME
#undef END

const char *trace_name_find(const struct trace_names *names, u64 value)
{
    const char *name = names->text;

    for (u32 i = 0; i < names->count; i++) {
        if (names->values[i] == value)
            return name;
        name += str_len(name) + 1;
    }
    return NULL;
}

static void put_unknown(struct text *text, const struct trace_names *names, u64 value)
{
    text_format(text, "%#llx /* %s */", (unsigned long long)value, names->unknown);
}

void trace_put_choice(struct text *text, const struct trace_names *names, u64 value)
{
    const char *name = trace_name_find(names, value);

    if (name) {
        text_put(text, name, str_len(name));
    } else {
        put_unknown(text, names, value);
    }
}

/* Puts the names of the bits in `value`, `before` the first. Returns the bits without a name. */
static u64 put_names(struct text *text, const struct trace_names *names, u64 value,
                     const char **before)
{
    const char *name = names->text;

    for (u32 i = 0; i < names->count; i++) {
        u64 bits = names->values[i];

        if (bits != 0 && (value & bits) == bits) {
            text_format(text, "%s%s", *before, name);
            *before = "|";
            value &= ~bits;
        }
        name += str_len(name) + 1;
    }
    return value;
}

void trace_put_flags(struct text *text, const struct trace_names *names, u64 value)
{
    const char *before = "";
    const char *zero = trace_name_find(names, 0);
    u64 rest;

    if (value == 0) {
        text_format(text, "%s", zero ? zero : "0");
        return;
    }
    rest = put_names(text, names, value, &before);
    if (rest == value) {
        put_unknown(text, names, value);
    } else if (rest != 0) {
        text_format(text, "|%#llx", (unsigned long long)rest);
    }
}

void trace_put_more_flags(struct text *text, const struct trace_names *names, u64 value)
{
    const char *before = "|";
    u64 rest = put_names(text, names, value, &before);

    if (rest != 0)
        text_format(text, "|%#llx", (unsigned long long)rest);
}
