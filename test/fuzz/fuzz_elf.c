/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF: the headers as the kernel and ops read them, the dynamic section as ops does. What is
 * accepted is checked against the promises of lib/elf/elf.h, because the kernel maps it unseen.
 */
#include "lib/base/types.h"
#include "lib/elf/dynamic.h"
#include "lib/elf/elf.h"
#include "test/fuzz/fuzz.h"

static void segment_check(const struct elf_segment *segment, u64 size)
{
    FUZZ_CHECK(segment->mem_size >= 1 && segment->mem_size >= segment->file_size);
    FUZZ_CHECK(segment->file_size <= size && segment->off <= size - segment->file_size);
    FUZZ_CHECK(segment->vaddr < ELF_VADDR_MAX);
    FUZZ_CHECK(segment->mem_size <= ELF_VADDR_MAX - segment->vaddr);
    if (segment->file_size != 0)
        FUZZ_CHECK((segment->vaddr - segment->off) % ELF_PAGE_SIZE == 0);
}

static void image_check(const struct elf_image *image, u64 size)
{
    u64 end = 0;

    FUZZ_CHECK(image->segment_count >= 1 && image->segment_count <= ELF_SEGMENTS_MAX);
    for (u32 i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];

        segment_check(segment, size);
        FUZZ_CHECK(segment->vaddr >= end);
        end = segment->vaddr + segment->mem_size;
    }
    FUZZ_CHECK(image->lo % ELF_PAGE_SIZE == 0 && image->hi % ELF_PAGE_SIZE == 0);
    FUZZ_CHECK(image->lo <= image->segments[0].vaddr && image->hi >= end);
    FUZZ_CHECK(image->hi - image->lo <= ELF_SPAN_MAX + 2 * (u64)ELF_PAGE_SIZE);
    FUZZ_CHECK(image->align >= ELF_PAGE_SIZE && (image->align & (image->align - 1)) == 0);
    FUZZ_CHECK(image->interp_len <= ELF_INTERP_LEN_MAX);
    FUZZ_CHECK(image->interp_len <= size && image->interp_off <= size - image->interp_len);
}

/* Strings lie inside of the file and end there. */
static void string_check(const char *text, const u8 *bytes, size_t size)
{
    const u8 *start = (const u8 *)text;

    FUZZ_CHECK(start >= bytes && start < bytes + size);
    FUZZ_CHECK(memchr(start, '\0', size - (size_t)(start - bytes)) != NULL);
}

static void imports_walk(const struct elf_dynamic *dynamic, const u8 *bytes, size_t size)
{
    u64 cursor = 0;
    const char *text = elf_import_next(dynamic, &cursor);

    while (text) {
        string_check(text, bytes, size);
        text = elf_import_next(dynamic, &cursor);
    }
}

static void dynamic_walk(const struct elf_header *header, const u8 *bytes, size_t size)
{
    static const int64_t tags[] = { 1 /* DT_NEEDED */, 14 /* DT_SONAME */, 15 /* DT_RPATH */,
                                    29 /* DT_RUNPATH */ };
    struct elf_dynamic dynamic;
    const char *interp = elf_interp_find(header, bytes, size);

    if (interp)
        string_check(interp, bytes, size);
    if (elf_dynamic_parse(&dynamic, header, bytes, size) != ELF_OK)
        return;
    imports_walk(&dynamic, bytes, size);
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        u64 cursor = 0;
        const char *text = elf_dynamic_next(&dynamic, tags[i], &cursor);

        while (text) {
            string_check(text, bytes, size);
            text = elf_dynamic_next(&dynamic, tags[i], &cursor);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    u8 *file = fuzz_copy(bytes, size);
    struct elf_header header;
    struct elf_image image;
    enum elf_error error = elf_header_parse(&header, file, size, size);

    FUZZ_CHECK(elf_error_text(error) != NULL);
    if (error == ELF_WRONG_MACHINE)
        FUZZ_CHECK(elf_machine_name(header.machine) != NULL);
    if (error == ELF_OK) {
        FUZZ_CHECK(header.phdrs_size <= size && header.phdrs_off <= size - header.phdrs_size);
        error = elf_image_parse(&image, &header, file + header.phdrs_off, size);
        if (error == ELF_OK || error == ELF_BAD_ENTRY)
            image_check(&image, size);
        dynamic_walk(&header, file, size);
    }
    free(file);
    return 0;
}
