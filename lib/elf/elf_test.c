/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that load, and files that only look like it. */
#include "lib/elf/elf.h"

#include "abi/elf/elf.h"
#include "lib/base/types.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    FILE_SIZE = 0x5000,
    PHDRS = 6,
};

/* A small PIE: headers and code in one page, data with a tail of zeros. */
static struct elf64_ehdr good_ehdr(void)
{
    struct elf64_ehdr ehdr = {
        .type = ET_DYN,
        .machine = EM_X86_64,
        .version = EV_CURRENT,
        .entry = 0x1010,
        .phoff = sizeof(struct elf64_ehdr),
        .ehsize = sizeof(struct elf64_ehdr),
        .phentsize = sizeof(struct elf64_phdr),
        .phnum = PHDRS,
    };

    memcpy(ehdr.ident, ELF_MAGIC, 4);
    ehdr.ident[EI_CLASS] = ELFCLASS64;
    ehdr.ident[EI_DATA] = ELFDATA2LSB;
    ehdr.ident[EI_VERSION] = EV_CURRENT;
    return ehdr;
}

static void good_phdrs(struct elf64_phdr *phdrs)
{
    struct elf64_phdr good[PHDRS] = {
        { PT_INTERP, PF_R, 0x300, 0x300, 0x300, 28, 28, 1 },
        { PT_LOAD, PF_R, 0, 0, 0, 0x800, 0x800, 0x1000 },
        { PT_LOAD, PF_R | PF_X, 0x1000, 0x1000, 0, 0x234, 0x234, 0x1000 },
        { PT_LOAD, PF_R | PF_W, 0x2e00, 0x3e00, 0, 0x300, 0x9000, 0x10000 },
        { PT_TLS, PF_R, 0x2e00, 0x3e00, 0, 0x10, 0x40, 8 },
        { PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 },
    };

    memcpy(phdrs, good, sizeof(good));
}

static enum elf_error parse(struct elf_image *image, const struct elf64_ehdr *ehdr,
                            const struct elf64_phdr *phdrs)
{
    struct elf_header header;
    enum elf_error error = elf_header_parse(&header, ehdr, sizeof(*ehdr), FILE_SIZE);

    if (error != ELF_OK)
        return error;
    return elf_image_parse(image, &header, phdrs, FILE_SIZE);
}

TEST(elf, says_what_to_map_where)
{
    struct elf64_ehdr ehdr = good_ehdr();
    struct elf64_phdr phdrs[PHDRS];
    struct elf_image image;

    good_phdrs(phdrs);
    CHECK_EQ(parse(&image, &ehdr, phdrs), ELF_OK);
    CHECK_EQ(image.segment_count, 3);
    CHECK_EQ(image.segments[2].off, 0x2e00);
    CHECK_EQ(image.segments[2].mem_size, 0x9000);
    CHECK_EQ(image.lo, 0);
    CHECK_EQ(image.hi, 0xd000);
    CHECK_EQ(image.align, 0x10000);
    CHECK_EQ(image.phdr_vaddr, sizeof(ehdr));
    CHECK_EQ(image.interp_off, 0x300);
    CHECK_EQ(image.interp_len, 28);
    CHECK_EQ(image.tls_mem_size, 0x40);
    CHECK_EQ(image.stack_exec, false);
}

TEST(elf, refuses_headers_that_are_not_for_us)
{
    static const struct {
        size_t off;
        u8 value;
        enum elf_error error;
    } cases[] = {
        { 0, 'E', ELF_NOT_ELF },
        { EI_CLASS, ELFCLASS32, ELF_NOT_64BIT },
        { EI_DATA, ELFDATA2MSB, ELF_NOT_LITTLE_ENDIAN },
        { EI_VERSION, 0, ELF_WRONG_VERSION },
        { offsetof(struct elf64_ehdr, machine), EM_AARCH64, ELF_WRONG_MACHINE },
        { offsetof(struct elf64_ehdr, type), ET_REL, ELF_NOT_A_PROGRAM },
        { offsetof(struct elf64_ehdr, type), ET_CORE, ELF_NOT_A_PROGRAM },
        { offsetof(struct elf64_ehdr, phentsize), 32, ELF_BAD_PHDRS },
        { offsetof(struct elf64_ehdr, phnum), 0, ELF_BAD_PHDRS },
        { offsetof(struct elf64_ehdr, phnum), ELF_PHDRS_MAX + 1, ELF_TOO_MANY_PHDRS },
        { offsetof(struct elf64_ehdr, phoff) + 1, 0x50, ELF_TRUNCATED },
        { offsetof(struct elf64_ehdr, phoff) + 7, 0xff, ELF_TRUNCATED },
        { offsetof(struct elf64_ehdr, entry), 0x00, ELF_OK },
        { offsetof(struct elf64_ehdr, entry) + 1, 0x00, ELF_BAD_ENTRY },
        { offsetof(struct elf64_ehdr, entry) + 1, 0x3f, ELF_BAD_ENTRY },
        { offsetof(struct elf64_ehdr, entry) + 7, 0xff, ELF_BAD_ENTRY },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct elf64_ehdr ehdr = good_ehdr();
        struct elf64_phdr phdrs[PHDRS];
        struct elf_image image;

        good_phdrs(phdrs);
        ((u8 *)&ehdr)[cases[i].off] = cases[i].value;
        CHECK_EQ(parse(&image, &ehdr, phdrs), cases[i].error);
    }
}

TEST(elf, refuses_segments_that_cannot_be_mapped)
{
    static const struct {
        int index;
        enum elf_error error;
        struct elf64_phdr phdr;
    } cases[] = {
        /* Larger in the file than in memory. */
        { 3, ELF_BAD_SEGMENT_SIZE, { PT_LOAD, PF_R, 0x2e00, 0x3e00, 0, 0x300, 0x2ff, 0 } },
        /* Past the end of the file, by one and by a sum that wraps. */
        { 3, ELF_TRUNCATED, { PT_LOAD, PF_R, 0x4000, 0x4000, 0, 0x1001, 0x1001, 0 } },
        { 3, ELF_TRUNCATED, { PT_LOAD, PF_R, ~(u64)0xfff, 0x4000, 0, 0x2000, 0x2000, 0 } },
        /* Exactly to its end. */
        { 3, ELF_OK, { PT_LOAD, PF_R, 0x4000, 0x4000, 0, 0x1000, 0x1000, 0 } },
        /* Too large, alone and by the gap. */
        { 3, ELF_SEGMENTS_HUGE, { PT_LOAD, PF_R, 0, 0x4000, 0, 0, ELF_SPAN_MAX + 1, 0 } },
        { 3, ELF_SEGMENTS_HUGE, { PT_LOAD, PF_R, 0, ELF_SPAN_MAX, 0, 0, 1, 0 } },
        { 3, ELF_OK, { PT_LOAD, PF_R, 0, ELF_SPAN_MAX - 1, 0, 0, 1, 0 } },
        /* Out of the lower half. */
        { 3, ELF_BAD_SEGMENT_ADDRESS, { PT_LOAD, PF_R, 0, ELF_VADDR_MAX, 0, 0, 1, 0 } },
        { 3, ELF_BAD_SEGMENT_ADDRESS, { PT_LOAD, PF_R, 0, ~(u64)0, 0, 0, 2, 0 } },
        /* An offset that no page mapping can give; without bytes it does not matter. */
        { 3, ELF_BAD_SEGMENT_ALIGNMENT, { PT_LOAD, PF_R, 0x2e01, 0x3e00, 0, 1, 1, 0 } },
        { 3, ELF_OK, { PT_LOAD, PF_R, 0x2e01, 0x3e00, 0, 0, 1, 0 } },
        /* Overlap by a byte, touching, out of order. */
        { 3, ELF_SEGMENTS_OVERLAP, { PT_LOAD, PF_R, 0x1233, 0x1233, 0, 1, 1, 0 } },
        { 3, ELF_OK, { PT_LOAD, PF_R, 0x1234, 0x1234, 0, 1, 1, 0 } },
        { 1, ELF_SEGMENTS_OVERLAP, { PT_LOAD, PF_R, 0x2000, 0x2000, 0, 1, 1, 0 } },
        /* Nothing to map: as if it were not there. */
        { 3, ELF_OK, { PT_LOAD, PF_R, 0, 0, 0, 0, 0, 0 } },
        { 0, ELF_BAD_INTERP, { PT_INTERP, PF_R, 0x300, 0, 0, 1, 1, 0 } },
        { 0, ELF_BAD_INTERP, { PT_INTERP, PF_R, 0x300, 0, 0, 4097, 4097, 0 } },
        { 0, ELF_TRUNCATED, { PT_INTERP, PF_R, 0x4fff, 0, 0, 2, 2, 0 } },
        { 5, ELF_BAD_INTERP, { PT_INTERP, PF_R, 0x300, 0, 0, 28, 28, 0 } },
        { 4, ELF_BAD_TLS, { PT_TLS, PF_R, 0, 0, 0, 2, 1, 0 } },
        { 4, ELF_BAD_TLS, { PT_TLS, PF_R, 0, 16, 0, 0, ~(u64)0, 0 } },
        { 4, ELF_TRUNCATED, { PT_DYNAMIC, PF_R, 0x4ff1, 0, 0, 16, 16, 0 } },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct elf64_ehdr ehdr = good_ehdr();
        struct elf64_phdr phdrs[PHDRS];
        struct elf_image image;

        good_phdrs(phdrs);
        phdrs[cases[i].index] = cases[i].phdr;
        CHECK_EQ(parse(&image, &ehdr, phdrs), cases[i].error);
    }
}

TEST(elf, keeps_page_zero_free_for_fixed_programs)
{
    struct elf64_ehdr ehdr = good_ehdr();
    struct elf64_phdr phdrs[PHDRS];
    struct elf_image image;

    ehdr.type = ET_EXEC;
    good_phdrs(phdrs);
    CHECK_EQ(parse(&image, &ehdr, phdrs), ELF_BAD_SEGMENT_ADDRESS);
    phdrs[1].type = PT_NULL;
    CHECK_EQ(parse(&image, &ehdr, phdrs), ELF_OK);
    CHECK_EQ(image.lo, 0x1000);
    CHECK_EQ(image.phdr_vaddr, 0);
}

TEST(elf, has_room_for_no_more_segments_than_it_says)
{
    struct elf64_phdr phdrs[ELF_SEGMENTS_MAX + 1];
    struct elf_header header = { .type = ET_DYN, .phnum = ELF_SEGMENTS_MAX, .entry = 0 };
    struct elf_image image;

    for (u64 i = 0; i < ARRAY_COUNT(phdrs); i++)
        phdrs[i] = (struct elf64_phdr){ PT_LOAD, PF_R | PF_X, 0, i * 8192, 0, 0, 1, 0 };
    CHECK_EQ(elf_image_parse(&image, &header, phdrs, FILE_SIZE), ELF_OK);
    header.phnum++;
    CHECK_EQ(elf_image_parse(&image, &header, phdrs, FILE_SIZE), ELF_TOO_MANY_SEGMENTS);
}

TEST(elf, wants_a_segment)
{
    struct elf64_phdr phdr = { .type = PT_NOTE };
    struct elf_header header = { .type = ET_DYN, .phnum = 1 };
    struct elf_image image;

    CHECK_EQ(elf_image_parse(&image, &header, &phdr, FILE_SIZE), ELF_NO_SEGMENTS);
}

TEST(elf, bounds_alignment_and_ignores_nonsense)
{
    static const struct {
        u64 asked;
        u64 got;
    } cases[] = {
        { 0, 4096 },
        { 1, 4096 },
        { 0x3000, 4096 },
        { 1 << 21, 1 << 21 },
        { (u64)1 << 62, ELF_ALIGN_MAX },
        { ~(u64)0, 4096 },
    };
    struct elf_header header = { .type = ET_DYN, .phnum = 1 };
    struct elf_image image;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct elf64_phdr phdr = { PT_LOAD, PF_X, 0, 0, 0, 0, 1, cases[i].asked };

        CHECK_EQ(elf_image_parse(&image, &header, &phdr, FILE_SIZE), ELF_OK);
        CHECK_EQ(image.align, cases[i].got);
    }
}

TEST(elf, needs_the_whole_header)
{
    struct elf64_ehdr ehdr = good_ehdr();
    struct elf_header header;

    for (u64 size = 0; size < sizeof(ehdr); size++) {
        u8 *bytes = malloc(size ? size : 1); /* Exactly so many: ASan watches the end. */

        memcpy(bytes, &ehdr, size);
        CHECK_EQ(elf_header_parse(&header, bytes, size, FILE_SIZE),
                 size < ELF_IDENT_SIZE ? ELF_NOT_ELF : ELF_TRUNCATED);
        free(bytes);
    }
}

TEST(elf, has_words_for_every_error)
{
    for (int i = 0; i < ELF_ERROR_COUNT; i++)
        CHECK(elf_error_text((enum elf_error)i));
    CHECK(elf_error_text((enum elf_error)ELF_ERROR_COUNT));
    CHECK_EQ(strcmp(elf_machine_name(EM_AARCH64), "aarch64"), 0);
    CHECK(elf_machine_name(0xffff));
}
