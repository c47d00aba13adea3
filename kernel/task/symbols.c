/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names come from the symbol table of the ELF file that is mapped where the address lies. The file
 * is the image's and the stack the dying program's: every offset and count is checked or bounded,
 * and what cannot be read ends the search, not the report.
 */
#include "kernel/task/symbols.h"

#include "abi/elf/elf.h"
#include "kernel/arch/context.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/log.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/uaccess.h"
#include "kernel/vm/vm.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/elf/elf.h"

enum {
    FRAMES_MAX = 32,
    STACK_WORDS_MAX = 2048, /* Looked at where there are no frame pointers. */
    SECTIONS_MAX = 4096,
    SYMBOLS_MAX = 1 << 20,
    SYMBOLS_CHUNK = 128,
    NAME_SIZE = 96,
};

/* One report at a time, from the thread that ends the program. */
static u8 phdrs[ELF_PHDRS_MAX * sizeof(struct elf64_phdr)];
static struct elf64_sym symbols[SYMBOLS_CHUNK];
static char path[PATH_SIZE_MAX];

static bool read_at(struct file *file, u64 off, void *bytes, size_t size)
{
    struct iter iter;

    iter_init_kernel(&iter, bytes, size);
    return file_read(file, &iter, &off) == (long)size;
}

/* From an offset in the file to the address the symbols speak of. */
static bool vaddr_find(struct file *file, const struct elf_header *header, u64 off, u64 *vaddr)
{
    const struct elf64_phdr *phdr = (const struct elf64_phdr *)(void *)phdrs;

    if (header->phdrs_size > sizeof(phdrs) ||
        !read_at(file, header->phdrs_off, phdrs, header->phdrs_size))
        return false;
    for (u32 i = 0; i < header->phnum; i++, phdr++) {
        if (phdr->type == PT_LOAD && off >= align_down(phdr->offset, ELF_PAGE_SIZE) &&
            off - phdr->offset + ELF_PAGE_SIZE < phdr->filesz + 2ul * ELF_PAGE_SIZE) {
            *vaddr = phdr->vaddr + (off - phdr->offset);
            return true;
        }
    }
    return false;
}

static bool section_read(struct file *file, const struct elf64_ehdr *ehdr, u32 index,
                         struct elf64_shdr *section)
{
    u64 off;

    return index < ehdr->shnum && ehdr->shentsize == sizeof(*section) &&
           u64_add(ehdr->shoff, (u64)index * sizeof(*section), &off) &&
           read_at(file, off, section, sizeof(*section));
}

/* The full table where there is one, else the dynamic one. */
static bool table_find(struct file *file, const struct elf64_ehdr *ehdr, struct elf64_shdr *table)
{
    struct elf64_shdr section;
    bool found = false;

    for (u32 i = 0; i < ehdr->shnum && i < SECTIONS_MAX; i++) {
        if (!section_read(file, ehdr, i, &section))
            return found;
        if (section.type == SHT_SYMTAB || (section.type == SHT_DYNSYM && !found)) {
            *table = section;
            found = true;
        }
        if (section.type == SHT_SYMTAB)
            return true;
    }
    return found;
}

static bool covers(const struct elf64_sym *symbol, u64 vaddr)
{
    u32 type = ELF64_ST_TYPE(symbol->info);

    return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->value <= vaddr &&
           vaddr - symbol->value < symbol->size;
}

static bool symbol_search(struct file *file, const struct elf64_shdr *table, u64 vaddr,
                          struct elf64_sym *found)
{
    u64 count = u64_min(table->size / sizeof(*found), SYMBOLS_MAX);

    for (u64 first = 0; first < count; first += SYMBOLS_CHUNK) {
        u64 some = u64_min(count - first, SYMBOLS_CHUNK);

        if (!read_at(file, table->offset + first * sizeof(*found), symbols, some * sizeof(*found)))
            return false;
        for (u64 i = 0; i < some; i++) {
            if (covers(&symbols[i], vaddr)) {
                *found = symbols[i];
                return true;
            }
        }
    }
    return false;
}

static bool function_name(struct file *file, u64 off, char name[NAME_SIZE], u64 *into)
{
    struct elf_header header;
    struct elf64_ehdr ehdr;
    struct elf64_shdr table;
    struct elf64_shdr texts;
    struct elf64_sym symbol;
    struct iter iter;
    u64 name_off;
    u64 vaddr;

    if (!read_at(file, 0, &ehdr, sizeof(ehdr)) ||
        elf_header_parse(&header, &ehdr, sizeof(ehdr), file->inode->size) != ELF_OK ||
        !vaddr_find(file, &header, off, &vaddr) || !table_find(file, &ehdr, &table) ||
        !section_read(file, &ehdr, table.link, &texts) ||
        !symbol_search(file, &table, vaddr, &symbol) ||
        !u64_add(texts.offset, symbol.name, &name_off))
        return false;

    /* Shorter where the file ends: what is missing is the zeros the name ends in. */
    for (u32 i = 0; i < NAME_SIZE; i++)
        name[i] = '\0';
    iter_init_kernel(&iter, name, NAME_SIZE - 1);
    if (file_read(file, &iter, &name_off) <= 0)
        return false;
    *into = vaddr - symbol.value;
    return true;
}

static const char *area_name(const struct vm_area_info *area)
{
    const char *slash;

    if (!area->file)
        return area->name ? area->name : "memory";
    if (!area->file->path || path_node_text(area->file->path, path, sizeof(path)) < 0)
        return "?";
    slash = str_find_last(path, '/');
    return slash ? slash + 1 : path;
}

static void frame_report(u32 index, u64 address, const char *mark)
{
    char name[NAME_SIZE];
    struct vm_area_info area;
    u64 into;

    if (!vm_find_area(address, &area)) {
        log_error("  #%u %016lx%s", index, address, mark);
        return;
    }
    if (area.file && function_name(area.file, area.off + (address - area.start), name, &into)) {
        log_error("  #%u %016lx%s %s+%#lx (%s)", index, address, mark, name, into,
                  area_name(&area));
    } else {
        log_error("  #%u %016lx%s %s+%#lx", index, address, mark, area_name(&area),
                  area.off + (address - area.start));
    }
    if (area.file)
        file_put(area.file);
}

static bool is_code(u64 address)
{
    struct vm_area_info area;

    if (!vm_find_area(address, &area))
        return false;
    if (area.file)
        file_put(area.file);
    return (area.protection & VM_EXEC) != 0;
}

/* Frames chained by their pointers. Returns how many there were. */
static u32 chain_report(u64 frame, u32 index)
{
    u32 first = index;

    while (index < FRAMES_MAX) {
        u64 words[2]; /* The caller's frame pointer, the return address. */

        if (frame % sizeof(u64) != 0 || copy_in(words, frame, sizeof(words)) < 0 ||
            !is_code(words[1]))
            break;
        frame_report(index++, words[1], "");
        if (words[0] <= frame)
            break;
        frame = words[0];
    }
    return index - first;
}

static void scan_report(u64 sp, u32 index)
{
    u64 first;

    /* A stack that overflowed ends in a page that is not there: begin with the one above. */
    sp = align_up(sp, sizeof(u64));
    if (copy_in(&first, sp, sizeof(first)) < 0)
        sp = align_up(sp, PAGE_SIZE);
    for (u32 i = 0; i < STACK_WORDS_MAX && index < FRAMES_MAX; i++) {
        u64 word;

        if (copy_in(&word, sp + i * sizeof(u64), sizeof(word)) < 0)
            return;
        if (is_code(word))
            frame_report(index++, word, "?");
    }
}

static void line_report(const char *line)
{
    log_error("  %s", line);
}

void registers_report(const struct user_regs *regs)
{
    regs_emit(regs, line_report);
}

void backtrace_report(const struct user_regs *regs)
{
    log_error("program: called from");
    frame_report(0, regs_ip(regs), "");
    if (chain_report(regs_frame_pointer(regs), 1) < 2)
        scan_report(regs_sp(regs), 1);
}
