/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ext4 filesystems that somebody damaged. e2fsprogs make small ones of several kinds once; an input
 * chooses one and says which of its bytes change, counting only those in blocks that are in use.
 */
#include "kernel/fs/ext4/format/ext4_format.h"
#include "test/disk/ext4_image.h"
#include "test/fuzz/fuzz.h"
#include "test/unit/fake_kernel.h"

enum {
    KINDS = 3,
    BLOCK = 1024,
    CHANGES_MAX = 256,
    CHANGE_SIZE = 4, /* Place (3 bytes), value. */
};

struct kind {
    struct ext4_image image;
    size_t *blocks; /* Offsets of blocks that are not all zeros. */
    size_t block_count;
};

static struct kind kinds[KINDS];

static void find_blocks(struct kind *kind)
{
    static const char zeros[BLOCK];

    kind->blocks = calloc(kind->image.size / BLOCK, sizeof(*kind->blocks));
    FUZZ_CHECK(kind->blocks);
    for (size_t at = 0; at + BLOCK <= kind->image.size; at += BLOCK) {
        if (memcmp(kind->image.bytes + at, zeros, BLOCK) != 0)
            kind->blocks[kind->block_count++] = at;
    }
}

static void make_kinds(void)
{
    static const char *const options[KINDS] = {
        "-t ext4 -b 1024 -O ^metadata_csum",
        "-t ext4 -b 1024 -O ^metadata_csum,inline_data -I 256",
        "-t ext2 -b 1024",
    };

    for (int i = 0; i < KINDS; i++) {
        ext4_image_create(&kinds[i].image, EXT4_IMAGE_SMALL, options[i], NULL);
        ext4_image_forget_tree(&kinds[i].image);
        find_blocks(&kinds[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t places[CHANGES_MAX];
    char before[CHANGES_MAX];
    size_t count = 0;
    struct kind *kind;
    struct ext4_fs *fs;

    if (size == 0)
        return 0;
    if (!kinds[0].image.bytes)
        make_kinds();
    kind = &kinds[bytes[0] % KINDS];
    for (size_t at = 1; at + CHANGE_SIZE <= size && count < CHANGES_MAX; at += CHANGE_SIZE) {
        size_t place = bytes[at] | (size_t)bytes[at + 1] << 8 | (size_t)bytes[at + 2] << 16;

        place = kind->blocks[place / BLOCK % kind->block_count] + place % BLOCK;
        places[count] = place;
        before[count++] = kind->image.bytes[place];
        kind->image.bytes[place] = (char)bytes[at + 3];
    }
    if (ext4_open(&kind->image.disk, 0, &fs) == 0) {
        ext4_image_walk(fs);
        ext4_close(fs);
    }
    FUZZ_CHECK(fake_heap_objects == 0);
    FUZZ_CHECK(fake_mutexes_held == 0);
    while (count-- > 0)
        kind->image.bytes[places[count]] = before[count];
    return 0;
}
