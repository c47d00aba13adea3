/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ext4 reader against filesystems that e2fsprogs made, in many geometries, whole and damaged.
 */
#include "abi/linux/errors.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "lib/base/types.h"
#include "test/disk/ext4_image.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

/* What a filesystem with these options holds is what was put into it. */
static void check_image(enum ext4_image_size size, const char *options, const char *tune)
{
    struct ext4_image image;
    struct ext4_counts counts;
    struct ext4_fs *fs;
    char label[17];
    u8 uuid[16];

    ext4_image_create(&image, size, options, tune);
    CHECK_EQ(ext4_names(&image.disk, uuid, label), 0);
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), 0);
    CHECK(strcmp(ext4_label(fs), "test") == 0);
    CHECK(strcmp(label, "test") == 0);
    CHECK(memcmp(ext4_uuid(fs), uuid, sizeof(uuid)) == 0);
    ext4_counts(fs, &counts);
    CHECK(counts.blocks_free > 0 && counts.blocks_free < counts.blocks);
    ext4_image_compare(&image, fs);
    CHECK_EQ(fake_log_warnings, 0);
    CHECK_EQ(fake_mutexes_held, 0);
    ext4_close(fs);
    CHECK_EQ(fake_heap_objects, 0);
    ext4_image_destroy(&image);
}

static void check_options(const char *options)
{
    check_image(EXT4_IMAGE_FULL, options, NULL);
}

TEST(ext4_read, default_options)
{
    check_options("-t ext4");
}

TEST(ext4_read, small_blocks_with_checksums)
{
    check_image(EXT4_IMAGE_LARGE, "-t ext4 -b 1024 -O metadata_csum,64bit", NULL);
}

TEST(ext4_read, small_blocks_without_checksums)
{
    check_options("-t ext4 -b 1024 -O ^metadata_csum,^64bit");
}

TEST(ext4_read, middle_blocks_and_large_inodes)
{
    check_options("-t ext4 -b 2048 -I 1024");
}

TEST(ext4_read, inline_data)
{
    check_options("-t ext4 -b 4096 -I 512 -O inline_data,metadata_csum");
}

TEST(ext4_read, inline_data_in_small_inodes)
{
    check_options("-t ext4 -b 1024 -I 256 -O inline_data,^metadata_csum");
}

TEST(ext4_read, block_maps_of_ext2)
{
    check_options("-t ext2 -b 1024");
}

TEST(ext4_read, block_maps_and_old_inodes)
{
    check_options("-t ext3 -b 4096 -I 128");
}

TEST(ext4_read, meta_block_groups)
{
    check_options("-t ext4 -b 1024 -O meta_bg,^resize_inode,metadata_csum");
}

TEST(ext4_read, checksum_seed)
{
    check_options("-t ext4 -b 1024 -O metadata_csum,metadata_csum_seed");
}

TEST(ext4_read, no_groups_together)
{
    check_options("-t ext4 -b 1024 -O ^flex_bg,metadata_csum");
}

TEST(ext4_read, large_directories_feature)
{
    check_options("-t ext4 -b 1024 -O large_dir,metadata_csum");
}

TEST(ext4_read, legacy_hash)
{
    check_image(EXT4_IMAGE_LARGE, "-t ext4 -b 1024", "-E hash_alg=legacy");
}

TEST(ext4_read, tea_hash)
{
    check_image(EXT4_IMAGE_LARGE, "-t ext4 -b 1024", "-E hash_alg=tea");
}

/* One image a test: making it takes seconds, and a busy machine takes many times that. */
static void check_tree_search(const char *tune)
{
    const char *name = "n\xc3\xa4me3000-";
    struct ext4_image image;
    struct ext4_inode dir;
    struct ext4_fs *fs;
    u32 number;
    u8 type;

    ext4_image_create(&image, EXT4_IMAGE_LARGE, "-t ext4 -b 1024", tune);
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), 0);
    CHECK_EQ(ext4_inode_read(fs, EXT4_ROOT_INODE, &dir), 0);
    CHECK_EQ(ext4_dir_lookup(fs, &dir, "many", 4, &number, &type), 0);
    CHECK_EQ(ext4_inode_read(fs, number, &dir), 0);
    image.reads = 0;
    CHECK_EQ(ext4_dir_lookup(fs, &dir, name, (u32)strlen(name), &number, &type), 0);
    CHECK(image.reads <= 6);
    ext4_close(fs);
    ext4_image_destroy(&image);
}

TEST(ext4_read, large_directories_are_searched_by_their_tree)
{
    check_tree_search("-E hash_alg=half_md4");
}

TEST(ext4_read, large_directories_are_searched_by_legacy_hashes)
{
    check_tree_search("-E hash_alg=legacy");
}

TEST(ext4_read, large_directories_are_searched_by_tea_hashes)
{
    check_tree_search("-E hash_alg=tea");
}

TEST(ext4_read, names_that_are_not_there)
{
    struct ext4_image image;
    struct ext4_inode root;
    struct ext4_inode file;
    struct ext4_fs *fs;
    char name[300];
    u32 number;
    u8 type;

    ext4_image_create(&image, EXT4_IMAGE_SMALL, "-t ext4 -b 1024", NULL);
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), 0);
    CHECK_EQ(ext4_inode_read(fs, EXT4_ROOT_INODE, &root), 0);
    memset(name, 'n', sizeof(name));
    CHECK_EQ(ext4_dir_lookup(fs, &root, "file", 4, &number, &type), -ENOENT);
    CHECK_EQ(ext4_dir_lookup(fs, &root, name, 255, &number, &type), -ENOENT);
    CHECK_EQ(ext4_dir_lookup(fs, &root, name, 256, &number, &type), -ENOENT);
    CHECK_EQ(ext4_dir_lookup(fs, &root, name, 0, &number, &type), -ENOENT);
    CHECK_EQ(ext4_dir_lookup(fs, &root, "file20", 6, &number, &type), 0);
    CHECK_EQ(ext4_inode_read(fs, number, &file), 0);
    CHECK_EQ(file.mtime.seconds, 2346131289); /* 2044-05-06 07:08:09 UTC */
    CHECK_EQ(file.mtime.ns, 123456789);
    CHECK_EQ(ext4_dir_lookup(fs, &file, "x", 1, &number, &type), -ENOTDIR);
    CHECK_EQ(ext4_readlink(fs, &file, name, sizeof(name)), -EINVAL);
    CHECK_EQ(ext4_inode_read(fs, 0, &file), -EIO);
    CHECK_EQ(ext4_inode_read(fs, UINT32_MAX, &file), -EIO);
    ext4_close(fs);
    ext4_image_destroy(&image);
}

TEST(ext4_read, mappings_cover_files_without_overlap)
{
    struct ext4_image image;
    struct ext4_mapping mapping;
    struct ext4_inode root;
    struct ext4_inode file;
    struct ext4_fs *fs;
    u32 number;
    u32 data = 0;
    u8 type;

    ext4_image_create(&image, EXT4_IMAGE_SMALL, "-t ext4 -b 1024", NULL);
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), 0);
    CHECK_EQ(ext4_inode_read(fs, EXT4_ROOT_INODE, &root), 0);
    CHECK_EQ(ext4_dir_lookup(fs, &root, "sparse", 6, &number, &type), 0);
    CHECK_EQ(ext4_inode_read(fs, number, &file), 0);
    for (u64 at = 0; at < file.size / 1024 + 1; at += mapping.count) {
        CHECK_EQ(ext4_map(fs, &file, at, 100000, &mapping), 0);
        CHECK(mapping.count > 0 && mapping.count <= 100000);
        if (mapping.kind == EXT4_MAP_DATA) {
            data++;
        } else {
            CHECK_EQ(mapping.physical, 0);
        }
    }
    CHECK_EQ(data, 40);
    CHECK_EQ(ext4_map(fs, &file, 1ull << 40, 5, &mapping), 0);
    CHECK_EQ(mapping.kind, EXT4_MAP_HOLE);
    CHECK_EQ(mapping.count, 5);
    ext4_close(fs);
    ext4_image_destroy(&image);
}

TEST(ext4_read, refuses_what_it_does_not_know)
{
    struct ext4_image image;
    struct ext4_fs *fs;
    const size_t incompat = 1024 + 0x60;

    ext4_image_create(&image, EXT4_IMAGE_SMALL, "-t ext4 -b 1024 -O ^metadata_csum", NULL);
    CHECK_EQ(ext4_open(&image.disk, EXT4_OPEN_WRITE, &fs), -EROFS);
    image.bytes[incompat + 2] |= 1; /* encrypt */
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), -EINVAL);
    image.bytes[incompat + 2] = 0;
    image.bytes[incompat] |= 4; /* Not replayed: a note, and on. */
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), 0);
    CHECK(fake_log_warnings > 0);
    ext4_close(fs);
    image.disk.size -= 1024;
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), -EIO);
    image.disk.size = 2047;
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), -EINVAL);
    ext4_image_destroy(&image);
}

TEST(ext4_read, a_wrong_checksum_is_noticed)
{
    struct ext4_image image;
    struct ext4_inode root;
    struct ext4_fs *fs;
    char *name;
    u32 number;
    u8 type;

    ext4_image_create(&image, EXT4_IMAGE_SMALL, "-t ext4 -b 1024 -O metadata_csum", NULL);
    /* The name in the directory block: still well-formed. */
    name = memmem(image.bytes, image.size, "file4097", 8);
    CHECK(name);
    name[7] = '8';
    CHECK_EQ(ext4_open(&image.disk, 0, &fs), 0);
    CHECK_EQ(ext4_inode_read(fs, EXT4_ROOT_INODE, &root), 0);
    CHECK_EQ(ext4_dir_lookup(fs, &root, "file4098", 8, &number, &type), -EIO);
    CHECK(fake_log_warnings > 0);
    ext4_close(fs);
    ext4_image_destroy(&image);
}

/* Damages a few bytes in many ways, mostly where metadata lies, and reads everything. */
static void check_damage(const char *options, int rounds, unsigned seed)
{
    struct ext4_image image;
    struct ext4_fs *fs;
    char *whole;

    ext4_image_create(&image, EXT4_IMAGE_SMALL, options, NULL);
    whole = malloc(image.size);
    memcpy(whole, image.bytes, image.size);
    srand(seed);
    for (int i = 0; i < rounds; i++) {
        int changes = 1 + rand() % 30;

        memcpy(image.bytes, whole, image.size);
        for (int j = 0; j < changes; j++) {
            size_t at = (size_t)rand() % image.size;

            /* Two in three hit something that is not zero: metadata, or names. */
            for (int k = 0; k < 2000 && j % 3 && whole[at] == 0; k++)
                at = (at + 1) % image.size;
            image.bytes[at] = (char)(rand() % 4 ? rand() : 0xff);
        }
        if (ext4_open(&image.disk, 0, &fs) < 0)
            continue;
        ext4_image_walk(fs);
        ext4_close(fs);
        CHECK_EQ(fake_heap_objects, 0);
    }
    CHECK_EQ(fake_mutexes_held, 0);
    free(whole);
    ext4_image_destroy(&image);
}

TEST(ext4_read, damage_without_checksums)
{
    check_damage("-t ext4 -b 1024 -O ^metadata_csum", 400, 1);
}

TEST(ext4_read, damage_of_inline_data)
{
    check_damage("-t ext4 -b 1024 -O ^metadata_csum,inline_data", 400, 2);
}

TEST(ext4_read, damage_of_block_maps)
{
    check_damage("-t ext2 -b 1024", 400, 3);
}

TEST(ext4_read, damage_with_checksums)
{
    check_damage("-t ext4 -b 1024 -O metadata_csum", 200, 4);
}

TEST(ext4_read, running_out_of_memory_leaves_nothing_behind)
{
    struct ext4_image image;
    struct ext4_fs *fs;

    ext4_image_create(&image, EXT4_IMAGE_SMALL, "-t ext4 -b 1024 -O inline_data", NULL);
    for (long fail = 0; fail < 300; fail++) {
        int err;

        fake_alloc_fail_after = fail;
        err = ext4_open(&image.disk, 0, &fs);
        CHECK(err == 0 || err == -ENOMEM);
        if (err == 0) {
            ext4_image_walk(fs);
            ext4_close(fs);
        }
        CHECK_EQ(fake_heap_objects, 0);
    }
    ext4_image_destroy(&image);
}
