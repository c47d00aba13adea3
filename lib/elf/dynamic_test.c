/* SPDX-License-Identifier: Apache-2.0 */
/* Which libraries a file asks for, and files that lie about it. */
#include "lib/elf/dynamic.h"

#include "abi/elf/elf.h"
#include "lib/base/types.h"
#include "test/unit/unit.h"

#include <string.h>

/* A file of one segment, so that addresses and offsets differ by VADDR. */
struct library {
    struct elf64_phdr phdrs[3];
    struct elf64_dyn entries[8];
    char strings[64];
    char interp[8];
};

enum {
    VADDR = 0x10000,
};

static const char strings[] = "\0libm.so.6\0libc.so.6\0$ORIGIN/../lib\0me.so\0unended";

static struct elf_header library_make(struct library *library)
{
    struct elf64_phdr phdrs[3] = {
        { PT_LOAD, PF_R, 0, VADDR, 0, sizeof(*library), sizeof(*library), 4096 },
        { PT_DYNAMIC, PF_R, offsetof(struct library, entries), 0, 0, sizeof(library->entries),
          sizeof(library->entries), 8 },
        { PT_INTERP, PF_R, offsetof(struct library, interp), 0, 0, sizeof(library->interp), 8, 1 },
    };
    struct elf64_dyn entries[8] = {
        { DT_NEEDED, 1 },
        { DT_NEEDED, 11 },
        { DT_RUNPATH, 21 },
        { DT_SONAME, 36 },
        { DT_STRTAB, VADDR + offsetof(struct library, strings) },
        { DT_STRSZ, sizeof(library->strings) },
        { DT_NULL, 0 },
        { DT_NEEDED, 1 },
    };

    memset(library, 0, sizeof(*library));
    memcpy(library->phdrs, phdrs, sizeof(phdrs));
    memcpy(library->entries, entries, sizeof(entries));
    memcpy(library->strings, strings, sizeof(strings));
    memcpy(library->interp, "/ld.so", 7);
    return (struct elf_header){ .phnum = 3, .phdrs_size = sizeof(phdrs) };
}

/* The symbols in front of their names; the last one claims a name that has no end. */
struct symbols {
    struct elf64_phdr phdrs[2];
    struct elf64_dyn entries[4];
    struct elf64_sym symbols[5];
    char strings[16];
};

TEST(elf_dynamic, names_the_symbols_wanted_from_others)
{
    struct symbols file = {
        .phdrs = {
            { PT_LOAD, PF_R, 0, VADDR, 0, sizeof(file), sizeof(file), 4096 },
            { PT_DYNAMIC, PF_R, offsetof(struct symbols, entries), 0, 0, sizeof(file.entries),
              sizeof(file.entries), 8 },
        },
        .entries = {
            { DT_SYMTAB, VADDR + offsetof(struct symbols, symbols) },
            { DT_STRTAB, VADDR + offsetof(struct symbols, strings) },
            { DT_STRSZ, 16 },
        },
        .symbols = { { 0 }, { .name = 1 }, { .name = 1, .shndx = 7 }, { .name = 6 }, { .name = 9 } },
        .strings = "\0open\0rt\0unended",
    };
    struct elf_header header = { .phnum = 2, .phdrs_size = sizeof(file.phdrs) };
    struct elf_dynamic dynamic;
    u64 cursor = 0;

    CHECK_EQ(elf_dynamic_parse(&dynamic, &header, &file, sizeof(file)), ELF_OK);
    CHECK_EQ(strcmp(elf_import_next(&dynamic, &cursor), "open"), 0);
    CHECK_EQ(strcmp(elf_import_next(&dynamic, &cursor), "rt"), 0);
    CHECK(elf_import_next(&dynamic, &cursor) == NULL);
}

TEST(elf_dynamic, lists_strings_by_tag)
{
    struct library library;
    struct elf_header header = library_make(&library);
    struct elf_dynamic dynamic;
    u64 cursor = 0;

    CHECK_EQ(elf_dynamic_parse(&dynamic, &header, &library, sizeof(library)), ELF_OK);
    CHECK_EQ(strcmp(elf_dynamic_next(&dynamic, DT_NEEDED, &cursor), "libm.so.6"), 0);
    CHECK_EQ(strcmp(elf_dynamic_next(&dynamic, DT_NEEDED, &cursor), "libc.so.6"), 0);
    CHECK(!elf_dynamic_next(&dynamic, DT_NEEDED, &cursor));
    cursor = 0;
    CHECK_EQ(strcmp(elf_dynamic_next(&dynamic, DT_RUNPATH, &cursor), "$ORIGIN/../lib"), 0);
    cursor = 0;
    CHECK(!elf_dynamic_next(&dynamic, DT_RPATH, &cursor));
    CHECK_EQ(strcmp(elf_interp_find(&header, &library, sizeof(library)), "/ld.so"), 0);
}

TEST(elf_dynamic, passes_over_names_outside_the_table)
{
    struct library library;
    struct elf_header header = library_make(&library);
    struct elf_dynamic dynamic;
    u64 cursor = 0;

    memset(library.strings + 42, 'x', sizeof(library.strings) - 42);
    library.entries[0].value = 43; /* Runs into the end of the table. */
    library.entries[1].value = ~(u64)0;
    CHECK_EQ(elf_dynamic_parse(&dynamic, &header, &library, sizeof(library)), ELF_OK);
    CHECK(!elf_dynamic_next(&dynamic, DT_NEEDED, &cursor));
}

TEST(elf_dynamic, refuses_tables_that_are_not_in_the_file)
{
    struct library library;
    struct elf_header header = library_make(&library);
    struct elf_dynamic dynamic;

    library.entries[4].value = VADDR - 1;
    CHECK_EQ(elf_dynamic_parse(&dynamic, &header, &library, sizeof(library)), ELF_BAD_DYNAMIC);
    library_make(&library);
    library.entries[5].value = ~(u64)0;
    CHECK_EQ(elf_dynamic_parse(&dynamic, &header, &library, sizeof(library)), ELF_BAD_DYNAMIC);
    library_make(&library);
    library.phdrs[1].filesz = (u64)1 << 40;
    CHECK_EQ(elf_dynamic_parse(&dynamic, &header, &library, sizeof(library)), ELF_TRUNCATED);
    library_make(&library);
    header.phdrs_off = ~(u64)0;
    CHECK_EQ(elf_dynamic_parse(&dynamic, &header, &library, sizeof(library)), ELF_TRUNCATED);
    CHECK(!elf_interp_find(&header, &library, sizeof(library)));
}

TEST(elf_dynamic, accepts_a_file_without_any)
{
    struct library library;
    struct elf_header header = library_make(&library);
    struct elf_dynamic dynamic;
    u64 cursor = 0;

    library.phdrs[1].type = PT_NULL;
    CHECK_EQ(elf_dynamic_parse(&dynamic, &header, &library, sizeof(library)), ELF_OK);
    CHECK(!elf_dynamic_next(&dynamic, DT_NEEDED, &cursor));
}

TEST(elf_dynamic, takes_no_interpreter_that_is_not_ended)
{
    struct library library;
    struct elf_header header = library_make(&library);

    memset(library.interp, 'x', sizeof(library.interp));
    CHECK(!elf_interp_find(&header, &library, sizeof(library)));
}
