/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/elf/elf.h"

#include "abi/elf/elf.h"
#include "lib/base/mem.h"

static const char *const error_texts[ELF_ERROR_COUNT] = {
    [ELF_OK] = "is fine",
    [ELF_NOT_ELF] = "is not an ELF file",
    [ELF_NOT_64BIT] = "is not a 64-bit ELF file",
    [ELF_NOT_LITTLE_ENDIAN] = "is a big-endian ELF file",
    [ELF_WRONG_VERSION] = "has an unknown ELF version",
    [ELF_WRONG_MACHINE] = "is built for another CPU",
    [ELF_NOT_A_PROGRAM] = "is an ELF file, but not a program or a shared library",
    [ELF_BAD_PHDRS] = "has malformed ELF program headers",
    [ELF_TOO_MANY_PHDRS] = "has too many ELF program headers",
    [ELF_TRUNCATED] = "is truncated: it ends before the data its ELF headers promise",
    [ELF_NO_SEGMENTS] = "has no ELF segment to load",
    [ELF_TOO_MANY_SEGMENTS] = "has too many ELF segments",
    [ELF_BAD_SEGMENT_SIZE] = "has an ELF segment that is larger in the file than in memory",
    [ELF_BAD_SEGMENT_ADDRESS] = "has an ELF segment outside the program's address space",
    [ELF_BAD_SEGMENT_ALIGNMENT] = "has an ELF segment whose offset does not match its address",
    [ELF_SEGMENTS_OVERLAP] = "has ELF segments that overlap or do not ascend",
    [ELF_SEGMENTS_HUGE] = "has ELF segments that span too much memory",
    [ELF_BAD_INTERP] = "has a malformed ELF interpreter path",
    [ELF_BAD_TLS] = "has a malformed ELF thread-local segment",
    [ELF_BAD_ENTRY] = "has an entry point outside its code",
    [ELF_BAD_DYNAMIC] = "has a malformed ELF dynamic section",
};

const char *elf_error_text(enum elf_error error)
{
    if ((u32)error >= ELF_ERROR_COUNT)
        return "is not understood";
    return error_texts[error];
}

const char *elf_machine_name(u16 machine)
{
    static const struct {
        u16 machine;
        const char *name;
    } names[] = {
        { EM_386, "32-bit x86" },       { EM_MIPS, "MIPS" },           { EM_PPC, "PowerPC" },
        { EM_PPC64, "64-bit PowerPC" }, { EM_S390, "IBM Z" },          { EM_ARM, "32-bit ARM" },
        { EM_SPARCV9, "SPARC" },        { EM_X86_64, "x86-64" },       { EM_AARCH64, "aarch64" },
        { EM_RISCV, "RISC-V" },         { EM_LOONGARCH, "LoongArch" },
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (names[i].machine == machine)
            return names[i].name;
    }
    return "an unknown CPU";
}

/* Whether [off, off + len) lies in a file of `size` bytes. */
static bool range_fits(u64 off, u64 len, u64 size)
{
    return off <= size && len <= size - off;
}

static enum elf_error ident_check(const struct elf64_ehdr *ehdr)
{
    if (ehdr->ident[EI_CLASS] != ELFCLASS64)
        return ELF_NOT_64BIT;
    if (ehdr->ident[EI_DATA] != ELFDATA2LSB)
        return ELF_NOT_LITTLE_ENDIAN;
    if (ehdr->ident[EI_VERSION] != EV_CURRENT)
        return ELF_WRONG_VERSION;
    return ELF_OK;
}

static enum elf_error phdrs_check(const struct elf64_ehdr *ehdr, u64 file_size)
{
    if (ehdr->phentsize != sizeof(struct elf64_phdr) || ehdr->phnum == 0)
        return ELF_BAD_PHDRS;
    if (ehdr->phnum > ELF_PHDRS_MAX)
        return ELF_TOO_MANY_PHDRS;
    if (!range_fits(ehdr->phoff, (u64)ehdr->phnum * sizeof(struct elf64_phdr), file_size))
        return ELF_TRUNCATED;
    return ELF_OK;
}

enum elf_error elf_header_parse(struct elf_header *header, const void *bytes, u64 size,
                                u64 file_size)
{
    struct elf64_ehdr ehdr;
    enum elf_error error;

    if (size < ELF_IDENT_SIZE || !mem_equal(bytes, ELF_MAGIC, 4))
        return ELF_NOT_ELF;
    if (size < sizeof(ehdr))
        return ELF_TRUNCATED;
    mem_copy(&ehdr, bytes, sizeof(ehdr));

    error = ident_check(&ehdr);
    if (error != ELF_OK)
        return error;
    header->machine = ehdr.machine;
    if (ehdr.machine != EM_X86_64)
        return ELF_WRONG_MACHINE;
    if (ehdr.type != ET_EXEC && ehdr.type != ET_DYN)
        return ELF_NOT_A_PROGRAM;
    error = phdrs_check(&ehdr, file_size);
    if (error != ELF_OK)
        return error;

    header->type = ehdr.type;
    header->phnum = ehdr.phnum;
    header->entry = ehdr.entry;
    header->phdrs_off = ehdr.phoff;
    header->phdrs_size = (u64)ehdr.phnum * sizeof(struct elf64_phdr);
    return ELF_OK;
}

static u64 page_down(u64 addr)
{
    return addr & ~(u64)(ELF_PAGE_SIZE - 1);
}

static u64 page_up(u64 addr)
{
    return page_down(addr + ELF_PAGE_SIZE - 1);
}

static enum elf_error load_check(const struct elf64_phdr *phdr, u64 file_size, bool fixed)
{
    if (phdr->filesz > phdr->memsz)
        return ELF_BAD_SEGMENT_SIZE;
    if (!range_fits(phdr->offset, phdr->filesz, file_size))
        return ELF_TRUNCATED;
    if (phdr->memsz > ELF_SPAN_MAX)
        return ELF_SEGMENTS_HUGE;
    if (!range_fits(phdr->vaddr, phdr->memsz, ELF_VADDR_MAX))
        return ELF_BAD_SEGMENT_ADDRESS;
    if (fixed && phdr->vaddr < ELF_VADDR_MIN)
        return ELF_BAD_SEGMENT_ADDRESS;
    if (phdr->filesz > 0 && (phdr->vaddr - phdr->offset) % ELF_PAGE_SIZE != 0)
        return ELF_BAD_SEGMENT_ALIGNMENT;
    return ELF_OK;
}

/* Linux ignores alignments that are no power of two, and so do we. */
static void align_raise(struct elf_image *image, u64 align)
{
    if (align == 0 || (align & (align - 1)) != 0)
        return;
    if (align > ELF_ALIGN_MAX)
        align = ELF_ALIGN_MAX;
    if (align > image->align)
        image->align = align;
}

static enum elf_error load_add(struct elf_image *image, const struct elf64_phdr *phdr,
                               u64 file_size)
{
    const struct elf_segment *last;
    enum elf_error error = load_check(phdr, file_size, image->type == ET_EXEC);

    if (error != ELF_OK)
        return error;
    if (phdr->memsz == 0)
        return ELF_OK;
    if (image->segment_count == ELF_SEGMENTS_MAX)
        return ELF_TOO_MANY_SEGMENTS;
    if (image->segment_count > 0) {
        last = &image->segments[image->segment_count - 1];
        if (phdr->vaddr < last->vaddr + last->mem_size)
            return ELF_SEGMENTS_OVERLAP;
    }
    image->segments[image->segment_count++] = (struct elf_segment){
        .vaddr = phdr->vaddr,
        .mem_size = phdr->memsz,
        .off = phdr->offset,
        .file_size = phdr->filesz,
        .flags = phdr->flags & (PF_R | PF_W | PF_X),
    };
    align_raise(image, phdr->align);
    return ELF_OK;
}

static enum elf_error interp_set(struct elf_image *image, const struct elf64_phdr *phdr,
                                 u64 file_size)
{
    if (image->interp_len != 0)
        return ELF_BAD_INTERP;
    if (phdr->filesz < 2 || phdr->filesz > ELF_INTERP_LEN_MAX)
        return ELF_BAD_INTERP;
    if (!range_fits(phdr->offset, phdr->filesz, file_size))
        return ELF_TRUNCATED;
    image->interp_off = phdr->offset;
    image->interp_len = phdr->filesz;
    return ELF_OK;
}

static enum elf_error tls_set(struct elf_image *image, const struct elf64_phdr *phdr)
{
    if (phdr->filesz > phdr->memsz || !range_fits(phdr->vaddr, phdr->memsz, ELF_VADDR_MAX))
        return ELF_BAD_TLS;
    image->tls_vaddr = phdr->vaddr;
    image->tls_mem_size = phdr->memsz;
    return ELF_OK;
}

static enum elf_error phdr_add(struct elf_image *image, const struct elf64_phdr *phdr,
                               u64 file_size)
{
    switch (phdr->type) {
    case PT_LOAD:
        return load_add(image, phdr, file_size);
    case PT_INTERP:
        return interp_set(image, phdr, file_size);
    case PT_TLS:
        return tls_set(image, phdr);
    case PT_DYNAMIC:
        if (!range_fits(phdr->offset, phdr->filesz, file_size))
            return ELF_TRUNCATED;
        image->dynamic_vaddr = phdr->vaddr;
        image->dynamic_size = phdr->memsz;
        return ELF_OK;
    case PT_GNU_STACK:
        image->stack_exec = (phdr->flags & PF_X) != 0;
        return ELF_OK;
    default:
        return ELF_OK;
    }
}

/* Where the program headers are, found as Linux does: in the segment that holds their bytes. */
static u64 phdr_vaddr_find(const struct elf_image *image, const struct elf_header *header)
{
    for (u32 i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];

        if (header->phdrs_off >= segment->off &&
            range_fits(header->phdrs_off - segment->off, header->phdrs_size, segment->file_size))
            return segment->vaddr + (header->phdrs_off - segment->off);
    }
    return 0;
}

static bool is_code(const struct elf_image *image, u64 vaddr)
{
    for (u32 i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];

        if (vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->mem_size)
            return (segment->flags & PF_X) != 0;
    }
    return false;
}

static enum elf_error image_finish(struct elf_image *image, const struct elf_header *header)
{
    const struct elf_segment *last;

    if (image->segment_count == 0)
        return ELF_NO_SEGMENTS;
    last = &image->segments[image->segment_count - 1];
    image->lo = page_down(image->segments[0].vaddr);
    image->hi = page_up(last->vaddr + last->mem_size);
    if (image->hi - image->lo > ELF_SPAN_MAX)
        return ELF_SEGMENTS_HUGE;
    image->phdr_vaddr = phdr_vaddr_find(image, header);
    return is_code(image, image->entry) ? ELF_OK : ELF_BAD_ENTRY;
}

enum elf_error elf_image_parse(struct elf_image *image, const struct elf_header *header,
                               const void *phdrs, u64 file_size)
{
    const u8 *next = phdrs;

    mem_zero(image, sizeof(*image));
    image->type = header->type;
    image->phnum = header->phnum;
    image->entry = header->entry;
    image->align = ELF_PAGE_SIZE;

    for (u32 i = 0; i < header->phnum; i++) {
        struct elf64_phdr phdr;
        enum elf_error error;

        mem_copy(&phdr, next, sizeof(phdr));
        next += sizeof(phdr);
        error = phdr_add(image, &phdr, file_size);
        if (error != ELF_OK)
            return error;
    }
    return image_finish(image, header);
}
