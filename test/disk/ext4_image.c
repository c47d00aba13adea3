/* SPDX-License-Identifier: Apache-2.0 */
#include "test/disk/ext4_image.h"

#include "lib/base/types.h"
#include "test/unit/unit.h"

#undef EIO
#undef EINVAL
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COMMAND_MAX = 1024,
    PATH_MAX_HERE = 2048,
    NAMES_FULL = 1000,
    NAMES_LARGE = 5000, /* Two levels of hash tree with blocks of 1 KiB. */
    NAMES_SMALL = 60,
    SPARSE_STEP = 8192, /* Holes stay holes with every block size. */
    SPARSE_FULL = 1800, /* More extents than one block of 4 KiB can hold, five times. */
    SPARSE_SMALL = 40,
    WALK_ENTRIES_MAX = 3000,
    WALK_DEPTH_MAX = 6,
    WALK_BYTES_MAX = 65536,
};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char command[COMMAND_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
}

static int open_in(const struct ext4_image *image, const char *name)
{
    char path[PATH_MAX_HERE];
    int fd;

    snprintf(path, sizeof(path), "%s/tree/%s", image->folder, name);
    fd = open(path, O_RDWR | O_CREAT, 0640);
    CHECK(fd >= 0);
    return fd;
}

static void write_pattern(int fd, off_t off, size_t size, unsigned seed)
{
    char *bytes = malloc(size + 1);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)((size_t)seed * 31 + i * 7 + (i >> 8));
    CHECK_EQ(pwrite(fd, bytes, size, off), size);
    free(bytes);
}

static void make_file(const struct ext4_image *image, const char *name, size_t size)
{
    int fd = open_in(image, name);

    write_pattern(fd, 0, size, (unsigned)size);
    close(fd);
}

static void make_sparse(const struct ext4_image *image, const char *name, int pieces, bool far)
{
    int fd = open_in(image, name);

    for (int i = 0; i < pieces; i++)
        write_pattern(fd, (off_t)i * SPARSE_STEP, 100, (unsigned)i);
    if (far)
        write_pattern(fd, (off_t)5 << 30, 10, 5);
    close(fd);
}

static void make_link(const struct ext4_image *image, int len)
{
    char path[PATH_MAX_HERE];
    char target[1024];

    memset(target, 'x', sizeof(target));
    target[len] = '\0';
    snprintf(path, sizeof(path), "%s/tree/link%d", image->folder, len);
    CHECK_EQ(symlink(target, path), 0);
}

static void make_names(const struct ext4_image *image, const char *dir, int count)
{
    char path[PATH_MAX_HERE];

    snprintf(path, sizeof(path), "%s/tree/%s", image->folder, dir);
    CHECK_EQ(mkdir(path, 0755), 0);
    for (int i = 0; i < count; i++) {
        /* Some with bytes above 127: signed and unsigned hashes differ there. */
        snprintf(path, sizeof(path), "%s/%s%d-%.*s", dir, i % 3 ? "name" : "n\xc3\xa4me", i, i % 40,
                 "a-long-tail-to-make-the-entries-differ-in-size");
        make_file(image, path, i % 100 == 0 ? 10 : 0);
    }
}

static void make_tree(const struct ext4_image *image, enum ext4_image_size size)
{
    static const int sizes[] = { 0, 20, 60, 61, 100, 150, 1023, 4096, 4097, 300000 };
    static const int links[] = { 1, 10, 59, 60, 61, 150, 1000 };
    bool full = size != EXT4_IMAGE_SMALL;
    int names = size == EXT4_IMAGE_LARGE ? NAMES_LARGE : full ? NAMES_FULL : NAMES_SMALL;
    char name[64];

    run("mkdir -p %s/tree/a/b/c/d %s/tree/empty", image->folder, image->folder);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        snprintf(name, sizeof(name), "file%d", sizes[i]);
        make_file(image, name, (size_t)sizes[i]);
    }
    make_file(image, "a/b/c/d/deep", 77);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        make_link(image, links[i]);
    make_sparse(image, "sparse", full ? SPARSE_FULL : SPARSE_SMALL, full);
    make_names(image, "few", 5);
    make_names(image, "many", names);
    if (full)
        make_file(image, "large", 5 << 20);
    run("touch -d '2044-05-06 07:08:09 UTC' %s/tree/file20", image->folder);
    run("chmod 4711 %s/tree/file60", image->folder);
}

static int read_image(void *context, u64 off, void *to, size_t size)
{
    struct ext4_image *image = context;

    image->reads++;
    CHECK(off % 1024 == 0 && size % 1024 == 0);
    CHECK(off <= image->size && size <= image->size - off);
    memcpy(to, image->bytes + off, size);
    return 0;
}

static void load(struct ext4_image *image, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);

    CHECK(fd >= 0);
    CHECK_EQ(fstat(fd, &st), 0);
    image->size = (size_t)st.st_size;
    image->bytes = malloc(image->size);
    CHECK_EQ(read(fd, image->bytes, image->size), st.st_size);
    close(fd);
    image->disk = (struct ext4_disk){ image, image->size, read_image };
}

void ext4_image_create(struct ext4_image *image, enum ext4_image_size size, const char *options,
                       const char *tune)
{
    char path[PATH_MAX_HERE];

    snprintf(image->folder, sizeof(image->folder), "/tmp/soliton-ext4-XXXXXX");
    CHECK(mkdtemp(image->folder));
    make_tree(image, size);
    snprintf(path, sizeof(path), "%s/image", image->folder);
    run("mke2fs -q -F -L test %s -d %s/tree %s %s >/dev/null 2>&1", options, image->folder, path,
        size == EXT4_IMAGE_SMALL ? "4m" : "48m");
    if (tune)
        run("tune2fs %s %s >/dev/null", tune, path);
    /* mke2fs -d keeps 32 bits of a time. The rest: 123456789 ns, and one more epoch. */
    run("debugfs -w -R 'set_inode_field /file20 mtime_extra 493827157' %s >/dev/null 2>&1", path);
    /* mke2fs makes no hash trees; optimising directories does. It exits with 1 when it did. */
    run("e2fsck -fyD %s >/dev/null 2>&1 || test $? -eq 1", path);
    load(image, path);
}

void ext4_image_forget_tree(struct ext4_image *image)
{
    run("rm -rf %s", image->folder);
}

void ext4_image_destroy(struct ext4_image *image)
{
    ext4_image_forget_tree(image);
    free(image->bytes);
}

struct names {
    u32 count;
    u64 next_off;
    u32 budget;
};

static bool count_name(void *arg, const char *name, u32 name_len, u64 number, u64 next_off, u8 type)
{
    struct names *names = arg;

    CHECK(name_len > 0 && name_len <= 255 && number != 0);
    (void)name;
    (void)type;
    if (names->budget == 0)
        return false;
    names->budget--;
    names->count++;
    CHECK(next_off > names->next_off);
    names->next_off = next_off;
    return true;
}

/* In pieces, as getdents does. */
static u32 count_names(struct ext4_fs *fs, const struct ext4_inode *dir)
{
    struct names names = { 0, 0, 0 };
    u32 before;

    do {
        before = names.count;
        names.budget = 7;
        CHECK_EQ(ext4_dir_list(fs, dir, names.next_off, count_name, &names), 0);
    } while (names.count > before);
    return names.count;
}

static void compare_contents(struct ext4_fs *fs, const struct ext4_inode *inode, const char *path)
{
    size_t chunk = 70001; /* Not a multiple of any block. */
    char *ours = malloc(chunk);
    char *theirs = malloc(chunk);
    int fd = open(path, O_RDONLY);
    u64 off = 0;

    CHECK(fd >= 0);
    while (off < inode->size) {
        long got;

        /* Past the first gigabyte of a sparse file only its end is of interest. */
        if (off > 1u << 25 && inode->size - off > chunk)
            off = inode->size - chunk;
        got = ext4_read(fs, inode, off, ours, chunk);
        CHECK(got > 0);
        CHECK_EQ(pread(fd, theirs, (size_t)got, (off_t)off), got);
        if (memcmp(ours, theirs, (size_t)got) != 0) {
            fprintf(stderr, "%s differs at %llu\n", path, (unsigned long long)off);
            exit(1);
        }
        off += (u64)got;
    }
    close(fd);
    free(ours);
    free(theirs);
}

static void compare_link(struct ext4_fs *fs, const struct ext4_inode *inode, const char *path)
{
    char ours[2048];
    char theirs[2048];
    long len = readlink(path, theirs, sizeof(theirs));

    CHECK_EQ(ext4_readlink(fs, inode, ours, sizeof(ours)), len);
    CHECK(memcmp(ours, theirs, (size_t)len) == 0);
    CHECK_EQ(ext4_readlink(fs, inode, ours, 1), 1);
}

static void compare_stat(const struct ext4_inode *inode, const struct stat *st)
{
    CHECK_EQ(inode->mode, st->st_mode);
    CHECK_EQ(inode->uid, st->st_uid);
    CHECK_EQ(inode->gid, st->st_gid);
    CHECK_EQ(inode->mtime.seconds & 0xffffffff, st->st_mtim.tv_sec & 0xffffffff);
    if (!S_ISDIR(st->st_mode))
        CHECK_EQ(inode->size, st->st_size);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tree that the test made. */
static void compare_dir(struct ext4_fs *fs, const struct ext4_inode *dir, const char *path)
{
    DIR *listing = opendir(path);
    const struct dirent *entry;
    u32 count = 0;

    CHECK(listing);
    while ((entry = readdir(listing)) != NULL) {
        struct ext4_inode inode;
        char below[PATH_MAX_HERE];
        struct stat st;
        u32 number;
        u8 type;

        count++;
        CHECK_EQ(
            ext4_dir_lookup(fs, dir, entry->d_name, (u32)strlen(entry->d_name), &number, &type), 0);
        if (strcmp(entry->d_name, ".") == 0)
            CHECK_EQ(number, dir->number);
        if (entry->d_name[0] == '.')
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        CHECK_EQ(lstat(below, &st), 0);
        CHECK_EQ(ext4_inode_read(fs, number, &inode), 0);
        compare_stat(&inode, &st);
        CHECK(type == 0 || type == (st.st_mode & S_IFMT) >> 12);
        if (S_ISDIR(st.st_mode)) {
            compare_dir(fs, &inode, below);
        } else if (S_ISLNK(st.st_mode)) {
            compare_link(fs, &inode, below);
        } else {
            compare_contents(fs, &inode, below);
        }
    }
    closedir(listing);
    if (dir->number == EXT4_ROOT_INODE)
        count++; /* lost+found */
    CHECK_EQ(count_names(fs, dir), count);
}

void ext4_image_compare(const struct ext4_image *image, struct ext4_fs *fs)
{
    struct ext4_inode root;
    char path[PATH_MAX_HERE];

    snprintf(path, sizeof(path), "%s/tree", image->folder);
    CHECK_EQ(ext4_inode_read(fs, EXT4_ROOT_INODE, &root), 0);
    compare_dir(fs, &root, path);
}

struct walk {
    struct ext4_fs *fs;
    const struct ext4_inode *dir;
    int depth;
    u32 *budget;
};

static void walk_inode(struct ext4_fs *fs, u32 number, int depth, u32 *budget);

static bool walk_entry(void *arg, const char *name, u32 name_len, u64 number, u64 next_off, u8 type)
{
    const struct walk *walk = arg;
    u32 found;

    (void)next_off;
    if (*walk->budget == 0)
        return false;
    --*walk->budget;
    if (ext4_dir_lookup(walk->fs, walk->dir, name, name_len, &found, &type) < 0)
        found = (u32)number;
    if (name[0] != '.')
        walk_inode(walk->fs, found, walk->depth + 1, walk->budget);
    return true;
}

static void walk_inode(struct ext4_fs *fs, u32 number, int depth, u32 *budget)
{
    static char bytes[WALK_BYTES_MAX];
    struct ext4_inode inode;
    struct walk walk = { fs, &inode, depth, budget };

    if (depth > WALK_DEPTH_MAX || ext4_inode_read(fs, number, &inode) < 0)
        return;
    if (S_ISDIR(inode.mode)) {
        if (ext4_dir_list(fs, &inode, 0, walk_entry, &walk) < 0)
            return;
    } else if (S_ISLNK(inode.mode)) {
        if (ext4_readlink(fs, &inode, bytes, sizeof(bytes)) < 0)
            return;
    } else {
        long got = ext4_read(fs, &inode, 0, bytes, sizeof(bytes));

        CHECK(got <= (long)sizeof(bytes));
        if (inode.size > sizeof(bytes))
            got = ext4_read(fs, &inode, inode.size - 1000, bytes, sizeof(bytes));
        (void)got;
    }
}

void ext4_image_walk(struct ext4_fs *fs)
{
    u32 budget = WALK_ENTRIES_MAX;

    walk_inode(fs, EXT4_ROOT_INODE, 0, &budget);
}
