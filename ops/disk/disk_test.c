/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/disk/disk.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/disk/libext2fs.h"
#include "ops/image/ext4.h"
#include "ops/image/tree.h"
#include "test/unit/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum {
    FS_SIZE = 16 << 20,
};

static char folder[] = "/tmp/disk-test-XXXXXX";

/* A folder of its own with fs.img in it: a filesystem of `tree`, which goes. */
static void place_make(struct tree *tree)
{
    struct err err = { 0 };
    struct ext4_spec spec = { .size = FS_SIZE, .epoch = 1000000000 };
    int fd;

    if (folder[sizeof(folder) - 2] == 'X')
        CHECK(mkdtemp(folder));
    CHECK_EQ(chdir(folder), 0);
    fd = open("fs.img", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, FS_SIZE), 0);
    close(fd);
    CHECK_EQ(ext4_write("fs.img", tree, &spec, &err), 0);
    tree_fini(tree);
}

static void sample_make(void)
{
    struct err err = { 0 };
    struct tree tree;

    tree_init(&tree);
    CHECK_EQ(tree_add_text(&tree, "/etc/motd", "hello\n", &err), 0);
    CHECK_EQ(tree_add_text(&tree, "/etc/app/one", "1", &err), 0);
    CHECK_EQ(tree_add_dir(&tree, "/empty", &err), 0);
    place_make(&tree);
}

static void place_remove(void)
{
    CHECK_EQ(chdir("/"), 0);
    dir_remove(folder);
}

static void text_write(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    CHECK_EQ(file_write_at(fd, text, strlen(text), 0), 0);
    close(fd);
}

static struct disk *opened(bool writes)
{
    struct err err = { 0 };
    struct disk *disk = disk_open("fs.img", writes, &err);

    if (!disk)
        fprintf(stderr, "%s\n", err.text);
    CHECK(disk);
    return disk;
}

static void closed(struct disk *disk)
{
    struct err err = { 0 };

    CHECK_EQ(disk_close(disk, &err), 0);
}

static void check_cat(struct disk *disk, const char *path, const char *expected)
{
    struct err err = { 0 };
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    CHECK_EQ(disk_cat(disk, path, out, &err), 0);
    fclose(out);
    CHECK_EQ(len, strlen(expected));
    CHECK(memcmp(text, expected, len) == 0);
    free(text);
}

static int path_print(const struct disk_entry *entry, void *context, struct err *err)
{
    (void)err;
    fprintf(context, "%s%s ", entry->path, entry->type == DISK_DIR ? "/" : "");
    return 0;
}

static void check_walk(struct disk *disk, const char *path, bool deep, const char *expected)
{
    struct err err = { 0 };
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    CHECK_EQ(disk_walk(disk, path, deep, path_print, out, &err), 0);
    fclose(out);
    if (strcmp(text, expected) != 0)
        fprintf(stderr, "got: %s\n", text);
    CHECK(strcmp(text, expected) == 0);
    free(text);
}

TEST(disk, is_read)
{
    struct err err = { 0 };
    struct disk *disk;
    char *text;

    sample_make();
    disk = opened(false);
    check_cat(disk, "/etc/motd", "hello\n");
    check_cat(disk, "etc/app/../motd", "hello\n");
    check_walk(disk, "/", false, "/empty/ /etc/ ");
    check_walk(disk, "/etc", true, "/etc/app/ /etc/app/one /etc/motd ");
    check_walk(disk, "/etc/motd", true, "/etc/motd ");
    CHECK_EQ(disk_cat(disk, "/nothing", stdout, &err), -1);
    CHECK(strstr(err.text, "'/nothing': No such file"));
    CHECK_EQ(disk_cat(disk, "/etc", stdout, &err), -1);
    CHECK(strstr(err.text, "directory"));
    CHECK_EQ(disk_copy_out(disk, "/etc/motd", "out", false, false, &err), 0);
    CHECK_EQ(disk_copy_out(disk, "/etc", "dir", false, false, &err), -1);
    CHECK_EQ(disk_copy_out(disk, "/etc", "dir", true, false, &err), 0);
    closed(disk);
    text = file_read_text("out", 100);
    CHECK(text && strcmp(text, "hello\n") == 0);
    free(text);
    text = file_read_text("dir/app/one", 100);
    CHECK(text && strcmp(text, "1") == 0);
    free(text);
    CHECK_EQ(unlink("dir/app/one"), 0);
    CHECK_EQ(unlink("dir/motd"), 0);
    CHECK_EQ(rmdir("dir/app"), 0);
    CHECK_EQ(rmdir("dir"), 0);
    place_remove();
}

TEST(disk, is_written_when_it_is_closed)
{
    struct err err = { 0 };
    struct disk *disk;

    sample_make();
    text_write("new", "new");
    disk = opened(true);
    CHECK_EQ(disk_copy_in(disk, "new", "/etc/app", false, false, &err), 0);
    CHECK_EQ(disk_copy_in(disk, "new", "/etc/motd", false, false, &err), 0);
    disk_discard(disk);
    disk = opened(false);
    check_walk(disk, "/etc", true, "/etc/app/ /etc/app/one /etc/motd ");
    check_cat(disk, "/etc/motd", "hello\n");
    closed(disk);

    disk = opened(true);
    CHECK_EQ(disk_copy_in(disk, "new", "/etc/app", false, false, &err), 0);
    CHECK_EQ(disk_copy_in(disk, "new", "/etc/motd", false, false, &err), 0);
    closed(disk);
    disk = opened(false);
    check_walk(disk, "/etc", true, "/etc/app/ /etc/app/new /etc/app/one /etc/motd ");
    check_cat(disk, "/etc/motd", "new");
    closed(disk);
    place_remove();
}

TEST(disk, refuses_what_does_not_fit)
{
    struct err err = { 0 };
    struct disk *disk;
    FILE *big;

    sample_make();
    big = fopen("big", "we");
    for (int i = 0; i < FS_SIZE / 4; i++)
        fputs("full", big);
    fclose(big);
    disk = opened(true);
    CHECK_EQ(disk_copy_in(disk, "big", "/big", false, false, &err), -1);
    CHECK(strstr(err.text, "no room") && strstr(err.text, "hint: "));
    CHECK_EQ(disk_copy_in(disk, "big", "/nothing/big", false, false, &err), -1);
    CHECK(strstr(err.text, "'/nothing'"));
    CHECK_EQ(disk_copy_in(disk, "big", "/etc/motd/big", false, false, &err), -1);
    disk_discard(disk);
    place_remove();
}

/* Whatever bytes of the image change, reading ends, and without a crash. */
TEST(disk, survives_damage)
{
    uint32_t seed = 1;
    uint8_t *good;
    struct file_map map;
    struct err err = { 0 };

    sample_make();
    CHECK_EQ(file_map_open(&map, "fs.img", &err), 0);
    good = xcalloc(map.size, 1);
    memcpy(good, map.bytes, map.size);
    file_map_close(&map);
    for (int round = 0; round < 300; round++) {
        int fd = open("fs.img", O_RDWR | O_CLOEXEC);
        FILE *out = fopen("/dev/null", "we");
        struct disk *disk;
        uint64_t offs[4];

        for (size_t i = 0; i < 4; i++) {
            uint8_t byte;

            seed = seed * 1664525 + 1013904223;
            byte = (uint8_t)(seed >> 11);
            /* Superblock, group descriptors, or the first inodes and directories. */
            offs[i] = round % 3 == 0 ? 1024 + (seed >> 8) % 1024 : (seed >> 8) % (640 << 10);
            CHECK_EQ(file_write_at(fd, &byte, 1, offs[i]), 0);
        }
        disk = disk_open("fs.img", false, &err);
        if (disk) {
            (void)disk_walk(disk, "/", true, path_print, out, &err);
            (void)disk_cat(disk, "/etc/motd", out, &err);
            disk_discard(disk);
        }
        disk = disk_open("fs.img", true, &err);
        if (disk) {
            (void)disk_copy_in(disk, "/dev/null", "/etc/motd", false, false, &err);
            (void)disk_copy_in(disk, "/etc/passwd", "/etc/motd", false, false, &err);
            disk_discard(disk);
        }
        for (size_t i = 0; i < 4; i++)
            CHECK_EQ(file_write_at(fd, good + offs[i], 1, offs[i]), 0);
        fclose(out);
        close(fd);
    }
    free(good);
    place_remove();
}

TEST(disk, names_what_is_no_disk)
{
    struct err err = { 0 };

    sample_make();
    text_write("text", "hello");
    CHECK(!disk_open("text", false, &err));
    CHECK(strstr(err.text, "'text': there is no ext4"));
    CHECK(!disk_open("none", false, &err));
    CHECK(strstr(err.text, "'none': No such file"));
    CHECK(!disk_open(".", false, &err));
    CHECK(strstr(err.text, "directory"));
    CHECK_EQ(truncate("fs.img", FS_SIZE / 2), 0);
    CHECK(!disk_open("fs.img", false, &err));
    CHECK(strstr(err.text, "larger than the disk"));
    place_remove();
}

static errcode_t second_name(ext2_filsys fs, const char *dir, const char *name, const char *target)
{
    ext2_ino_t dir_ino;
    ext2_ino_t ino;
    errcode_t code = ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, dir, &dir_ino);

    if (!code)
        code = ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, target, &ino);
    return code ? code : ext2fs_link(fs, dir_ino, name, ino, EXT2_FT_DIR);
}

/* A directory that holds itself, and one in two places: walks and copies end. */
TEST(disk, ends_in_directories_that_hold_themselves)
{
    struct err err = { 0 };
    struct disk *disk;
    ext2_filsys fs;
    FILE *out;

    sample_make();
    CHECK_EQ(ext2fs_open("fs.img", EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs), 0);
    CHECK_EQ(second_name(fs, "/etc/app", "loop", "/etc"), 0);
    CHECK_EQ(ext2fs_close_free(&fs), 0);
    disk = opened(false);
    out = fopen("/dev/null", "we");
    CHECK_EQ(disk_walk(disk, "/", true, path_print, out, &err), -1);
    CHECK(strstr(err.text, "in two places"));
    CHECK_EQ(disk_copy_out(disk, "/etc", "copy", true, false, &err), -1);
    CHECK(strstr(err.text, "holds itself"));
    CHECK(access("copy", F_OK) < 0);
    fclose(out);
    closed(disk);
    place_remove();
}
