/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/elf/dynamic.h"

#include "abi/elf/elf.h"
#include "lib/base/mem.h"

static struct elf64_phdr phdr_read(const struct elf_header *header, const u8 *bytes, u32 index)
{
    struct elf64_phdr phdr;

    mem_copy(&phdr, bytes + header->phdrs_off + index * sizeof(phdr), sizeof(phdr));
    return phdr;
}

static struct elf64_dyn entry_read(const struct elf_dynamic *dynamic, u64 index)
{
    struct elf64_dyn entry;

    mem_copy(&entry, dynamic->entries + index * sizeof(entry), sizeof(entry));
    return entry;
}

/* The program headers may have been checked against another size than these bytes have. */
static bool phdrs_fit(const struct elf_header *header, u64 size)
{
    return header->phdrs_off <= size && header->phdrs_size <= size - header->phdrs_off;
}

static bool phdr_fits(const struct elf64_phdr *phdr, u64 size)
{
    return phdr->offset <= size && phdr->filesz <= size - phdr->offset;
}

static bool phdr_find(struct elf64_phdr *found, const struct elf_header *header, const u8 *bytes,
                      u32 type)
{
    for (u32 i = 0; i < header->phnum; i++) {
        *found = phdr_read(header, bytes, i);
        if (found->type == type)
            return true;
    }
    return false;
}

/* Sets `off` to where [vaddr, vaddr + len) lies in the file. */
static bool vaddr_to_off(u64 *off, const struct elf_header *header, const u8 *bytes, u64 size,
                         u64 vaddr, u64 len)
{
    for (u32 i = 0; i < header->phnum; i++) {
        struct elf64_phdr phdr = phdr_read(header, bytes, i);
        u64 skip = vaddr - phdr.vaddr;

        if (phdr.type != PT_LOAD || vaddr < phdr.vaddr || !phdr_fits(&phdr, size))
            continue;
        if (skip <= phdr.filesz && len <= phdr.filesz - skip) {
            *off = phdr.offset + skip;
            return true;
        }
    }
    return false;
}

static enum elf_error strings_find(struct elf_dynamic *dynamic, const struct elf_header *header,
                                   const u8 *bytes, u64 size)
{
    u64 vaddr = 0;
    u64 len = 0;
    u64 off;

    for (u64 i = 0; i < dynamic->entry_count; i++) {
        struct elf64_dyn entry = entry_read(dynamic, i);

        if (entry.tag == DT_STRTAB)
            vaddr = entry.value;
        if (entry.tag == DT_STRSZ)
            len = entry.value;
    }
    if (len == 0)
        return ELF_OK;
    if (!vaddr_to_off(&off, header, bytes, size, vaddr, len))
        return ELF_BAD_DYNAMIC;
    dynamic->strings = (const char *)bytes + off;
    dynamic->strings_size = len;
    return ELF_OK;
}

static u64 entry_value(const struct elf_dynamic *dynamic, int64_t tag)
{
    for (u64 i = 0; i < dynamic->entry_count; i++) {
        struct elf64_dyn entry = entry_read(dynamic, i);

        if (entry.tag == tag)
            return entry.value;
    }
    return 0;
}

/* Every linker puts the symbols in front of their names, so these say how many there can be. */
static void symbols_find(struct elf_dynamic *dynamic, const struct elf_header *header,
                         const u8 *bytes, u64 size)
{
    u64 symbols = entry_value(dynamic, DT_SYMTAB);
    u64 strings = entry_value(dynamic, DT_STRTAB);
    u64 count = strings > symbols ? (strings - symbols) / sizeof(struct elf64_sym) : 0;
    u64 off;

    if (symbols == 0 || count == 0 || count > ELF_SYMBOLS_MAX || !dynamic->strings)
        return;
    if (!vaddr_to_off(&off, header, bytes, size, symbols, count * sizeof(struct elf64_sym)))
        return;
    dynamic->symbols = bytes + off;
    dynamic->symbol_count = count;
}

enum elf_error elf_dynamic_parse(struct elf_dynamic *dynamic, const struct elf_header *header,
                                 const void *bytes, u64 size)
{
    struct elf64_phdr phdr;
    u64 limit;
    enum elf_error error;

    *dynamic = (struct elf_dynamic){ .entry_count = 0 };
    if (!phdrs_fit(header, size))
        return ELF_TRUNCATED;
    if (!phdr_find(&phdr, header, bytes, PT_DYNAMIC))
        return ELF_OK;
    if (!phdr_fits(&phdr, size))
        return ELF_TRUNCATED;

    limit = phdr.filesz / sizeof(struct elf64_dyn);
    if (limit > ELF_DYNAMIC_MAX)
        return ELF_BAD_DYNAMIC;
    dynamic->entries = (const u8 *)bytes + phdr.offset;
    while (dynamic->entry_count < limit && entry_read(dynamic, dynamic->entry_count).tag != DT_NULL)
        dynamic->entry_count++;
    error = strings_find(dynamic, header, bytes, size);
    if (error == ELF_OK)
        symbols_find(dynamic, header, bytes, size);
    return error;
}

/* The string at `off`, or NULL when no NUL ends it in time. */
static const char *string_at(const char *strings, u64 size, u64 off)
{
    for (u64 i = off; i < size; i++) {
        if (strings[i] == '\0')
            return strings + off;
    }
    return NULL;
}

const char *elf_dynamic_next(const struct elf_dynamic *dynamic, int64_t tag, u64 *cursor)
{
    while (*cursor < dynamic->entry_count) {
        struct elf64_dyn entry = entry_read(dynamic, (*cursor)++);
        const char *text;

        if (entry.tag != tag)
            continue;
        text = string_at(dynamic->strings, dynamic->strings_size, entry.value);
        if (text)
            return text;
    }
    return NULL;
}

const char *elf_import_next(const struct elf_dynamic *dynamic, u64 *cursor)
{
    while (*cursor < dynamic->symbol_count) {
        struct elf64_sym symbol;
        const char *name;

        mem_copy(&symbol, dynamic->symbols + *cursor * sizeof(symbol), sizeof(symbol));
        (*cursor)++;
        if (symbol.shndx != 0 || symbol.name == 0)
            continue;
        name = string_at(dynamic->strings, dynamic->strings_size, symbol.name);
        if (name && name[0] != '\0')
            return name;
    }
    return NULL;
}

const char *elf_interp_find(const struct elf_header *header, const void *bytes, u64 size)
{
    struct elf64_phdr phdr;
    const char *path;

    if (!phdrs_fit(header, size) || !phdr_find(&phdr, header, bytes, PT_INTERP))
        return NULL;
    if (phdr.filesz > ELF_INTERP_LEN_MAX || !phdr_fits(&phdr, size))
        return NULL;
    path = string_at((const char *)bytes + phdr.offset, phdr.filesz, 0);
    return path && path[0] != '\0' ? path : NULL;
}
