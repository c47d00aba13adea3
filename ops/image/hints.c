/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/hints.h"

#include "abi/elf/elf.h"
#include "host/file.h"
#include "lib/base/types.h"
#include "lib/elf/dynamic.h"
#include "lib/elf/elf.h"

#include <string.h>

enum {
    NOTES_SIZE = 8192, /* Go's linker puts its note near the start of the file. */
};

static const struct {
    const char *symbol;
    uint32_t hint;
} imports[] = {
    { "iconv_open", HINT_ICONV },
    { "newlocale", HINT_LOCALE },
    { "setlocale", HINT_LOCALE },
};

uint32_t hints_of_imports(const struct elf_dynamic *dynamic)
{
    uint32_t hints = 0;
    u64 cursor = 0;
    const char *name = elf_import_next(dynamic, &cursor);

    for (; name; name = elf_import_next(dynamic, &cursor)) {
        for (size_t i = 0; i < sizeof(imports) / sizeof(imports[0]); i++) {
            if (strcmp(name, imports[i].symbol) == 0)
                hints |= imports[i].hint;
        }
    }
    return hints;
}

/* Whether the segments that hold data, not code, contain `text`. */
static bool data_has(const struct elf_header *header, const struct file_map *map, const char *text)
{
    for (u32 i = 0; i < header->phnum; i++) {
        struct elf64_phdr phdr;

        memcpy(&phdr, map->bytes + header->phdrs_off + i * sizeof(phdr), sizeof(phdr));
        if (phdr.type != PT_LOAD || (phdr.flags & PF_X) != 0)
            continue;
        if (phdr.offset > map->size || phdr.filesz > map->size - phdr.offset)
            continue;
        if (memmem(map->bytes + phdr.offset, phdr.filesz, text, strlen(text)))
            return true;
    }
    return false;
}

static bool is_go(const struct file_map *map)
{
    static const char note[] = { 4, 0, 0, 0, 'G', 'o', 0, 0 };

    return memmem(map->bytes, map->size < NOTES_SIZE ? map->size : NOTES_SIZE, note,
                  sizeof(note)) != NULL;
}

/*
 * A C library linked in names /usr/share/zoneinfo whether TZ is used or not, so in static programs
 * the name means nothing; and so it is with Go's, whose symbol table names functions linked in.
 */
static const char *zoneinfo_text(const struct file_map *map, const struct elf_dynamic *dynamic)
{
    if (is_go(map))
        return "time.LoadLocation";
    return dynamic->entry_count > 0 ? "/usr/share/zoneinfo" : NULL;
}

uint32_t hints_of_strings(const struct elf_header *header, const struct file_map *map,
                          const struct elf_dynamic *dynamic)
{
    const char *zoneinfo = zoneinfo_text(map, dynamic);
    uint32_t hints = 0;

    if (header->phdrs_off > map->size || header->phdrs_size > map->size - header->phdrs_off)
        return 0;
    if (data_has(header, map, "/etc/ssl/"))
        hints |= HINT_CERTS;
    if (zoneinfo && data_has(header, map, zoneinfo))
        hints |= HINT_ZONEINFO;
    return hints;
}
