/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an ELF file tells of the files its program will open by name: symbols it wants from the C
 * library, and paths that are written in it. Facts read from the file, guesses about the program:
 * ops/image/rules.h makes use of them.
 */

#include <stdint.h>

struct elf_dynamic;
struct elf_header;
struct file_map;

enum hint {
    HINT_ICONV = 1u << 0,    /* Wants iconv_open(). */
    HINT_LOCALE = 1u << 1,   /* Wants setlocale() or newlocale(). */
    HINT_CERTS = 1u << 2,    /* Names a place where certificates are. */
    HINT_ZONEINFO = 1u << 3, /* Looks up time zones by name. */
};

/* What the symbols it imports tell. */
uint32_t hints_of_imports(const struct elf_dynamic *dynamic);

/* What the strings in its data tell. Reads the file, so it is for programs, not for libraries. */
uint32_t hints_of_strings(const struct elf_header *header, const struct file_map *map,
                          const struct elf_dynamic *dynamic);
