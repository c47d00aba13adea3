/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/ldcache.h"

#include "host/xmem.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLAGS_LITTLE_ENDIAN = 2,
    FLAGS_X86_64_LIBC6 = 0x0303,
};

struct cache_header {
    char magic[20];
    uint32_t count;
    uint32_t strings_size;
    uint8_t flags;
    uint8_t padding[3];
    uint32_t extension_off;
    uint32_t unused[3];
};

struct cache_entry {
    uint32_t flags;
    uint32_t name_off; /* From the start of the file, as the other one. */
    uint32_t path_off;
    uint32_t os_version;
    uint64_t hwcap;
};

_Static_assert(sizeof(struct cache_header) == 48, "the format");
_Static_assert(sizeof(struct cache_entry) == 24, "the format");

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static unsigned long number_take(const char **text)
{
    unsigned long number = 0;

    while (is_digit(**text))
        number = number * 10 + (unsigned long)(*(*text)++ - '0');
    return number;
}

int ldcache_compare(const char *left, const char *right)
{
    while (*left != '\0') {
        if (is_digit(*left) && is_digit(*right)) {
            unsigned long left_number = number_take(&left);
            unsigned long right_number = number_take(&right);

            if (left_number != right_number)
                return left_number < right_number ? -1 : 1;
        } else if (is_digit(*left) != is_digit(*right)) {
            return is_digit(*left) ? 1 : -1;
        } else if (*left != *right) {
            return *left - *right;
        } else {
            left++;
            right++;
        }
    }
    return *left - *right;
}

/* The loader's binary search wants them descending. */
static int entry_order(const void *left, const void *right)
{
    const struct ldcache_entry *a = left;
    const struct ldcache_entry *b = right;

    return ldcache_compare(b->name, a->name);
}

/* Puts a string at `*at` and moves that on. Returns where it is. */
static uint32_t string_put(uint8_t *bytes, size_t *at, const char *text)
{
    uint32_t off = (uint32_t)*at;

    memcpy(bytes + *at, text, strlen(text) + 1);
    *at += strlen(text) + 1;
    return htole32(off);
}

uint8_t *ldcache_make(struct ldcache_entry *entries, size_t count, size_t *size)
{
    struct cache_header header = {
        .magic = { 'g', 'l', 'i', 'b', 'c', '-', 'l', 'd', '.', 's',
                   'o', '.', 'c', 'a', 'c', 'h', 'e', '1', '.', '1' },
        .count = htole32((uint32_t)count),
        .flags = FLAGS_LITTLE_ENDIAN,
    };
    size_t strings_off = sizeof(header) + count * sizeof(struct cache_entry);
    size_t at = strings_off;
    uint8_t *bytes;

    qsort(entries, count, sizeof(*entries), entry_order);
    *size = strings_off;
    for (size_t i = 0; i < count; i++)
        *size += strlen(entries[i].name) + strlen(entries[i].path) + 2;
    header.strings_size = htole32((uint32_t)(*size - strings_off));

    bytes = xcalloc(*size, 1);
    memcpy(bytes, &header, sizeof(header));
    for (size_t i = 0; i < count; i++) {
        struct cache_entry entry = { .flags = htole32(FLAGS_X86_64_LIBC6) };

        entry.name_off = string_put(bytes, &at, entries[i].name);
        entry.path_off = string_put(bytes, &at, entries[i].path);
        memcpy(bytes + sizeof(header) + i * sizeof(entry), &entry, sizeof(entry));
    }
    return bytes;
}
