/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads the headers of an ELF program and says what has to be mapped where. Pure: it sees bytes and
 * a file size, allocates nothing, and believes nothing. The kernel feeds it from the page cache,
 * ops from a mapped file:
 *
 *     1. elf_header_parse()   with the first bytes of the file
 *     2. read `phdrs_size` bytes of the file at `phdrs_off`
 *     3. elf_image_parse()    with those
 *
 * What elf_image_parse() accepts can be mapped page by page without another check: every sum fits,
 * segments ascend without overlap, and every byte they promise is in the file.
 */

#include "lib/base/types.h"

enum {
    ELF_PHDRS_MAX = 72,    /* What fits a page. Programs have 5 to 15. */
    ELF_SEGMENTS_MAX = 32, /* Programs have 2 to 5. */
    ELF_PAGE_SIZE = 4096,
    ELF_INTERP_LEN_MAX = 4096, /* PATH_MAX, with the NUL. */
};

#define ELF_VADDR_MIN ((u64)ELF_PAGE_SIZE) /* Page 0 of a fixed program stays empty. */
#define ELF_VADDR_MAX ((u64)1 << 47)
#define ELF_SPAN_MAX  ((u64)64 << 30) /* First to last byte of all segments. */
#define ELF_ALIGN_MAX ((u64)1 << 30)  /* Greater alignments are rounded down to it. */

enum elf_error {
    ELF_OK = 0,
    ELF_NOT_ELF,
    ELF_NOT_64BIT,
    ELF_NOT_LITTLE_ENDIAN,
    ELF_WRONG_VERSION,
    ELF_WRONG_MACHINE,
    ELF_NOT_A_PROGRAM,
    ELF_BAD_PHDRS,
    ELF_TOO_MANY_PHDRS,
    ELF_TRUNCATED,
    ELF_NO_SEGMENTS,
    ELF_TOO_MANY_SEGMENTS,
    ELF_BAD_SEGMENT_SIZE,
    ELF_BAD_SEGMENT_ADDRESS,
    ELF_BAD_SEGMENT_ALIGNMENT,
    ELF_SEGMENTS_OVERLAP,
    ELF_SEGMENTS_HUGE,
    ELF_BAD_INTERP,
    ELF_BAD_TLS,
    ELF_BAD_ENTRY,
    ELF_BAD_DYNAMIC,
    ELF_ERROR_COUNT,
};

/* What is wrong, to follow the name of the file: "is truncated". Never NULL. */
const char *elf_error_text(enum elf_error error);

/* The name of a CPU for messages, "an unknown CPU" for those nobody runs. Never NULL. */
const char *elf_machine_name(u16 machine);

struct elf_header {
    u16 type; /* ET_EXEC or ET_DYN. */
    u16 machine;
    u16 phnum;
    u64 entry;
    u64 phdrs_off;
    u64 phdrs_size; /* In bytes, at most ELF_PHDRS_MAX entries. */
};

/*
 * Parses the ELF header in the first `size` bytes of a file of `file_size`. 64 bytes are enough.
 * On ELF_WRONG_MACHINE `header->machine` says which. `header` is undefined after other errors.
 */
enum elf_error elf_header_parse(struct elf_header *header, const void *bytes, u64 size,
                                u64 file_size) MUST_USE;

/* One PT_LOAD that takes memory; those of no size are left out. */
struct elf_segment {
    u64 vaddr;
    u64 mem_size;  /* At least 1 and at least `file_size`; the rest is zeros. */
    u64 off;       /* Congruent to `vaddr` modulo the page size, unless `file_size` is 0. */
    u64 file_size; /* Bytes that come from the file, all of them in it. */
    u32 flags;     /* PF_R, PF_W, PF_X. */
};

struct elf_image {
    u16 type;
    u16 phnum;
    u64 entry;      /* In an executable segment. */
    u64 phdr_vaddr; /* Where the program finds its own program headers; 0: they are not mapped. */

    /*
     * Ascending, without a byte in common. Two neighbours may share a page: as with Linux, who maps
     * them in this order lets the later one have it.
     */
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    u32 segment_count;

    u64 lo;    /* First byte of all segments, rounded down to a page. */
    u64 hi;    /* One past the last, rounded up. */
    u64 align; /* Greatest alignment asked for; a power of two, at least a page. */

    u64 interp_off; /* The interpreter's path in the file, to be read by the caller. */
    u64 interp_len; /* With its NUL, which the caller checks; 0: none. */
    u64 dynamic_vaddr;
    u64 dynamic_size; /* 0: none. */
    u64 tls_vaddr;
    u64 tls_mem_size; /* 0: none. */

    bool stack_exec; /* PT_GNU_STACK asks for an executable stack. */
};

/*
 * Parses `header->phdrs_size` bytes of program headers. An entry point outside is noticed last:
 * with ELF_BAD_ENTRY everything else in `image` holds, which is what a shared library looks like.
 * `image` is undefined after other errors.
 */
enum elf_error elf_image_parse(struct elf_image *image, const struct elf_header *header,
                               const void *phdrs, u64 file_size) MUST_USE;
