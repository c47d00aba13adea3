/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads what an ELF file says about the libraries it wants, out of the whole file in memory. Pure,
 * and as distrustful as elf.h. It goes by the program headers, as the dynamic loader does; section
 * headers may be stripped and are not looked at.
 */

#include "lib/base/types.h"
#include "lib/elf/elf.h"

enum {
    ELF_DYNAMIC_MAX = 4096,    /* Entries looked at; libraries have about 30. */
    ELF_SYMBOLS_MAX = 1 << 20, /* Symbols looked at; the largest programs have some 100,000. */
};

struct elf_dynamic {
    const u8 *entries;
    u64 entry_count; /* Up to DT_NULL, without it. */
    const char *strings;
    u64 strings_size;
    const u8 *symbols; /* NULL: none are known. */
    u64 symbol_count;  /* At most; what is behind the last symbol may be looked at as one. */
};

/*
 * Finds the dynamic section in `bytes`, the whole of a file for which elf_header_parse() gave
 * `header`. A file without one is fine and has no entries. `dynamic` points into `bytes`.
 */
enum elf_error elf_dynamic_parse(struct elf_dynamic *dynamic, const struct elf_header *header,
                                 const void *bytes, u64 size) MUST_USE;

/*
 * Steps to the next string entry of `tag` (DT_NEEDED, DT_RUNPATH, DT_RPATH, DT_SONAME). `cursor`
 * starts at 0 and belongs to this function. Returns the string, inside `bytes` and ended by a NUL
 * there, or NULL when there is no further one. Entries that point outside are passed over.
 */
const char *elf_dynamic_next(const struct elf_dynamic *dynamic, int64_t tag, u64 *cursor);

/*
 * Steps to the name of the next symbol that the file wants from others. `cursor` starts at 0. The
 * file does not say how many symbols it has, so what lies behind them may be taken for some: good
 * for a hint, not for a proof. Returns NULL when there is no further one.
 */
const char *elf_import_next(const struct elf_dynamic *dynamic, u64 *cursor);

/*
 * The interpreter's path, inside `bytes`, or NULL: none is named, or what is named is no string.
 */
const char *elf_interp_find(const struct elf_header *header, const void *bytes, u64 size);
