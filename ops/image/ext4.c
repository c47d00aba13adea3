/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libext2fs keeps superblock, bitmaps, inodes, extents and their checksums. Directory blocks are
 * packed here, because ext2fs_link() searches each directory from its start for every name, and the
 * content of files is copied past its cache, in large pieces.
 */
#include "ops/image/ext4.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/disk/libext2fs.h"
#include "ops/disk/sparse.h"
#include "ops/image/tree.h"
#include "ops/output/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INODE_SIZE = 256,
    INODE_EXTRA_SIZE = 32,
    GROUP_BLOCKS = 8 * EXT4_BLOCK_SIZE,
    GROUP_META_BLOCKS = 16,    /* Bitmaps, superblock and descriptors, generously. */
    FAST_LINK_MAX = 59,        /* A target this short lies in the inode. */
    DIR_ENTRY_HEADER_SIZE = 8, /* Inode, entry length, name length, type. */
    DIR_TAIL_SIZE = 12,        /* The checksum at the end of each directory block. */
    DIR_LINKS_MAX = 65000,     /* Above it the link count is 1: "many". */
    COPY_SIZE = 1 << 20,
    JOURNAL_BLOCKS = 1024, /* The least that JBD2 takes. */
    LABEL_SIZE_MAX = 16,
    SPARE_INODES = 1024, /* For what is copied into an image later: each group has no more. */
    SPARE_BLOCKS = 4096, /* Holes in the file. */
};

struct writer {
    ext2_filsys fs;
    int fd; /* The same file, for content. */
    const struct ext4_spec *spec;
    blk64_t goal;    /* Where the next content should go. */
    uint8_t *buffer; /* COPY_SIZE bytes. */
};

static int fail(struct err *err, errcode_t code, const char *what)
{
    err_set(err, "cannot %s the root filesystem: %s", what, error_message(code));
    return -1;
}

static uint64_t blocks_of(uint64_t size)
{
    return (size + EXT4_BLOCK_SIZE - 1) / EXT4_BLOCK_SIZE;
}

static size_t entry_size(const char *name)
{
    return (DIR_ENTRY_HEADER_SIZE + strlen(name) + 3) & ~(size_t)3;
}

/* A directory's blocks while they are packed. Without `blocks` they are only counted. */
struct packer {
    uint8_t *blocks;
    uint64_t count;
    size_t used;  /* In the last block. */
    size_t entry; /* Where its last entry starts. */
};

/* The last entry of a block reaches to its tail. */
static void packer_end_block(struct packer *packer)
{
    struct ext2_dir_entry *last;

    if (!packer->blocks || packer->count == 0)
        return;
    last = (struct ext2_dir_entry *)(void *)(packer->blocks +
                                             (packer->count - 1) * EXT4_BLOCK_SIZE + packer->entry);
    last->rec_len = (uint16_t)(EXT4_BLOCK_SIZE - DIR_TAIL_SIZE - packer->entry);
}

static void packer_add(struct packer *packer, const char *name, uint32_t inode, uint8_t type)
{
    size_t size = entry_size(name);

    if (packer->count == 0 || packer->used + size > EXT4_BLOCK_SIZE - DIR_TAIL_SIZE) {
        packer_end_block(packer);
        packer->count++;
        packer->used = 0;
    }
    packer->entry = packer->used;
    packer->used += size;
    if (packer->blocks) {
        uint8_t *at = packer->blocks + (packer->count - 1) * EXT4_BLOCK_SIZE + packer->entry;
        struct ext2_dir_entry *entry = (struct ext2_dir_entry *)(void *)at;

        entry->inode = inode;
        entry->rec_len = (uint16_t)size;
        entry->name_len = (uint16_t)(strlen(name) | (unsigned)type << 8);
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): names on disk have no NUL. */
        memcpy(at + DIR_ENTRY_HEADER_SIZE, name, strlen(name));
    }
}

static uint8_t entry_type(const struct tree_node *node)
{
    switch (node->type) {
    case TREE_DIR:
        return EXT2_FT_DIR;
    case TREE_LINK:
        return EXT2_FT_SYMLINK;
    default:
        return EXT2_FT_REG_FILE;
    }
}

static void packer_run(struct packer *packer, const struct tree_node *dir)
{
    packer_add(packer, ".", dir->inode, EXT2_FT_DIR);
    packer_add(packer, "..", dir->parent->inode, EXT2_FT_DIR);
    for (size_t i = 0; i < dir->child_count; i++) {
        packer_add(packer, dir->children[i]->name, dir->children[i]->inode,
                   entry_type(dir->children[i]));
    }
    packer_end_block(packer);
}

static uint64_t node_blocks(const struct tree_node *node)
{
    struct packer packer = { 0 };

    if (node->type == TREE_DIR) {
        packer_run(&packer, node);
        return packer.count;
    }
    if (node->type == TREE_LINK && node->size <= FAST_LINK_MAX)
        return 0;
    return blocks_of(node->size);
}

static int node_size_add(struct tree_node *node, void *context, struct err *err)
{
    uint64_t *blocks = context;
    uint64_t count = node_blocks(node);

    (void)err;
    /* A block of extents for every 340 groups' worth, and one to be safe. */
    *blocks += count + (count > 4 * (uint64_t)GROUP_BLOCKS ? 2 : 0);
    return 0;
}

static uint32_t inode_count(const struct tree *tree)
{
    return (uint32_t)tree->count + EXT2_GOOD_OLD_FIRST_INO + SPARE_INODES;
}

uint64_t ext4_size(struct tree *tree, bool has_journal)
{
    uint64_t blocks = node_blocks(&tree->root);
    uint64_t inodes = inode_count(tree);
    uint64_t groups;

    (void)tree_walk(tree, node_size_add, &blocks, NULL);
    blocks += inodes * INODE_SIZE / EXT4_BLOCK_SIZE + 1;
    /* A volume gets the size its user says, and so its room. */
    blocks += blocks / 50 + 256 + (has_journal ? JOURNAL_BLOCKS : SPARE_BLOCKS);
    groups = blocks / (GROUP_BLOCKS - GROUP_META_BLOCKS) + 1;
    blocks += groups * (GROUP_META_BLOCKS + 8);
    /* A group has an inode table of 32,768 at most. */
    if (blocks < inodes)
        blocks = inodes;
    return blocks * EXT4_BLOCK_SIZE;
}

static void features_set(struct ext2_super_block *super)
{
    ext2fs_set_feature_filetype(super);
    ext2fs_set_feature_extents(super);
    ext2fs_set_feature_64bit(super);
    ext2fs_set_feature_sparse_super(super);
    ext2fs_set_feature_large_file(super);
    ext2fs_set_feature_huge_file(super);
    ext2fs_set_feature_dir_nlink(super);
    ext2fs_set_feature_extra_isize(super);
    ext2fs_set_feature_metadata_csum(super);
    ext2fs_set_feature_dir_index(super);
    ext2fs_set_feature_xattr(super);
}

static void super_set(ext2_filsys fs, const struct ext4_spec *spec)
{
    struct ext2_super_block *super = fs->super;

    fs->now = (time_t)spec->epoch;
    memcpy(super->s_uuid, spec->uuid, EXT4_UUID_SIZE);
    memcpy(super->s_hash_seed, spec->hash_seed, EXT4_UUID_SIZE);
    if (spec->label)
        memcpy(super->s_volume_name, spec->label, strnlen(spec->label, LABEL_SIZE_MAX));
    super->s_checksum_type = EXT2_CRC32C_CHKSUM;
    super->s_def_hash_version = EXT2_HASH_HALF_MD4;
    super->s_flags = EXT2_FLAGS_SIGNED_HASH;
    super->s_min_extra_isize = INODE_EXTRA_SIZE;
    super->s_want_extra_isize = INODE_EXTRA_SIZE;
    super->s_mkfs_time = (uint32_t)spec->epoch;
    super->s_lastcheck = (uint32_t)spec->epoch;
    super->s_wtime = (uint32_t)spec->epoch;
    super->s_max_mnt_count = -1;
    super->s_checkinterval = 0;
    ext2fs_init_csum_seed(fs);
}

/* An empty filesystem with the reserved inodes taken. */
static int filesystem_open(ext2_filsys *opened, const char *path, const struct tree *tree,
                           const struct ext4_spec *spec, struct err *err)
{
    struct ext2_super_block param = { 0 };
    char options[64];
    errcode_t code;
    ext2_filsys fs;

    features_set(&param);
    param.s_rev_level = EXT2_DYNAMIC_REV;
    param.s_log_block_size = 2; /* 1 KiB << 2. */
    param.s_log_cluster_size = 2;
    param.s_inode_size = INODE_SIZE;
    param.s_desc_size = EXT2_MIN_DESC_SIZE_64BIT;
    param.s_inodes_count =
        inode_count(tree) > spec->inodes_min ? inode_count(tree) : (uint32_t)spec->inodes_min;
    ext2fs_blocks_count_set(&param, spec->size / EXT4_BLOCK_SIZE);

    code = ext2fs_initialize(path, EXT2_FLAG_64BITS, &param, unix_io_manager, &fs);
    if (code)
        return fail(err, code, "create");
    snprintf(options, sizeof(options), "offset=%llu", (unsigned long long)spec->off);
    super_set(fs, spec);
    code = io_channel_set_options(fs->io, options);
    if (!code)
        code = ext2fs_allocate_tables(fs);
    if (code) {
        ext2fs_free(fs);
        return fail(err, code, "create");
    }
    for (ext2_ino_t ino = 1; ino < EXT2_FIRST_INODE(fs->super); ino++)
        ext2fs_inode_alloc_stats2(fs, ino, +1, ino == EXT2_ROOT_INO);
    if (spec->has_journal) {
        code = ext2fs_add_journal_inode2(fs, JOURNAL_BLOCKS, 0,
                                         EXT2_MKJOURNAL_NO_MNT_CHECK | EXT2_MKJOURNAL_LAZYINIT);
        if (code) {
            ext2fs_free(fs);
            return fail(err, code, "create");
        }
    }
    *opened = fs;
    return 0;
}

static uint32_t dir_links(const struct tree_node *dir)
{
    uint32_t links = 2;

    for (size_t i = 0; i < dir->child_count; i++)
        links += dir->children[i]->type == TREE_DIR;
    return links > DIR_LINKS_MAX ? 1 : links;
}

static uint32_t node_mode(const struct tree_node *node)
{
    switch (node->type) {
    case TREE_DIR:
        return S_IFDIR | node->mode;
    case TREE_LINK:
        return S_IFLNK | 0777;
    default:
        return S_IFREG | node->mode;
    }
}

/* The inode as it is before it has blocks. */
static void inode_fill(struct ext2_inode_large *inode, const struct tree_node *node,
                       uint64_t blocks, uint64_t epoch)
{
    uint64_t size = node->type == TREE_DIR ? blocks * EXT4_BLOCK_SIZE : node->size;
    uint32_t seconds = (uint32_t)epoch;

    memset(inode, 0, sizeof(*inode));
    inode->i_mode = (uint16_t)node_mode(node);
    inode->i_links_count = (uint16_t)(node->type == TREE_DIR ? dir_links(node) : 1);
    inode->i_size = (uint32_t)size;
    inode->i_size_high = (uint32_t)(size >> 32);
    inode->i_atime = seconds;
    inode->i_ctime = seconds;
    inode->i_mtime = node->time_s != 0 ? node->time_s : seconds;
    inode->i_crtime = seconds;
    inode->i_extra_isize = INODE_EXTRA_SIZE;
    if (node->type == TREE_LINK && blocks == 0) {
        memcpy(inode->i_block, node->text, node->size);
    } else {
        inode->i_flags = EXT4_EXTENTS_FL;
    }
}

/* Gives an inode without content the header of an empty extent tree. */
static errcode_t extents_init(ext2_filsys fs, ext2_ino_t ino, struct ext2_inode *inode)
{
    ext2_extent_handle_t handle;
    errcode_t code = ext2fs_extent_open2(fs, ino, inode, &handle);

    if (code)
        return code;
    ext2fs_extent_free(handle);
    return ext2fs_write_inode(fs, ino, inode);
}

static int inode_write(struct writer *writer, const struct tree_node *node, uint64_t blocks,
                       struct err *err)
{
    struct ext2_inode_large large;
    struct ext2_inode *inode = (struct ext2_inode *)&large;
    errcode_t code;

    inode_fill(&large, node, blocks, writer->spec->epoch);
    code = ext2fs_write_inode_full(writer->fs, node->inode, inode, sizeof(large));
    if (!code && (large.i_flags & EXT4_EXTENTS_FL))
        code = extents_init(writer->fs, node->inode, inode);
    if (!code && blocks > 0) {
        code = ext2fs_fallocate(writer->fs, EXT2_FALLOCATE_FORCE_INIT, node->inode, inode,
                                writer->goal, 0, blocks);
    }
    return code ? fail(err, code, "fill") : 0;
}

/* Calls `fn` for each run of blocks of a file, in order. */
typedef int (*run_fn)(struct writer *writer, const struct tree_node *node, void *context,
                      const struct ext2fs_extent *run, struct err *err);

static int runs_walk(struct writer *writer, const struct tree_node *node, run_fn fn, void *context,
                     struct err *err)
{
    ext2_extent_handle_t handle;
    struct ext2fs_extent run;
    errcode_t code = ext2fs_extent_open(writer->fs, node->inode, &handle);
    int op = EXT2_EXTENT_ROOT;
    int status = 0;

    if (code)
        return fail(err, code, "fill");
    while (status == 0 && ext2fs_extent_get(handle, op, &run) == 0) {
        op = EXT2_EXTENT_NEXT;
        if (!(run.e_flags & EXT2_EXTENT_FLAGS_LEAF) ||
            (run.e_flags & EXT2_EXTENT_FLAGS_SECOND_VISIT))
            continue;
        status = fn(writer, node, context, &run, err);
        writer->goal = run.e_pblk + run.e_len;
    }
    ext2fs_extent_free(handle);
    return status;
}

/* Writes what is not zeros: those are in the file already, as a hole. */
static int content_write(struct writer *writer, const uint8_t *bytes, size_t size, uint64_t block,
                         struct err *err)
{
    uint64_t off = writer->spec->off + block * EXT4_BLOCK_SIZE;

    while (size > 0) {
        bool zero = false;
        size_t run = sparse_run(bytes, size, EXT4_BLOCK_SIZE, &zero);

        if (!zero && file_write_at(writer->fd, bytes, run, off) < 0)
            return err_set_errno(err, "cannot write the image");
        if (writer->spec->progress)
            progress_add(writer->spec->progress, run);
        bytes += run;
        off += run;
        size -= run;
    }
    return 0;
}

static int text_run_write(struct writer *writer, const struct tree_node *node, void *context,
                          const struct ext2fs_extent *run, struct err *err)
{
    uint64_t off = run->e_lblk * EXT4_BLOCK_SIZE;
    uint64_t size = (uint64_t)run->e_len * EXT4_BLOCK_SIZE;

    (void)context;
    if (size > node->size - off)
        size = node->size - off;
    return content_write(writer, (const uint8_t *)node->text + off, size, run->e_pblk, err);
}

/* Reads up to `size` bytes. Returns 0; a file that became shorter is an error. */
static int source_read(int fd, void *bytes, size_t size, uint64_t off, const char *path,
                       struct err *err)
{
    uint8_t *next = bytes;

    while (size > 0) {
        ssize_t got = pread(fd, next, size, (off_t)off);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, "cannot read '%s'", path);
        if (got == 0)
            return err_set(err, "'%s' became shorter while it was read", path);
        next += got;
        off += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static int file_run_write(struct writer *writer, const struct tree_node *node, void *context,
                          const struct ext2fs_extent *run, struct err *err)
{
    const int *fd = context;
    uint64_t off = run->e_lblk * EXT4_BLOCK_SIZE;
    uint64_t block = run->e_pblk;
    uint64_t left = (uint64_t)run->e_len * EXT4_BLOCK_SIZE;

    if (left > node->size - off)
        left = node->size - off;
    while (left > 0) {
        size_t part = left < COPY_SIZE ? (size_t)left : COPY_SIZE;

        if (source_read(*fd, writer->buffer, part, off, node->source, err) < 0 ||
            content_write(writer, writer->buffer, part, block, err) < 0)
            return -1;
        off += part;
        left -= part;
        block += COPY_SIZE / EXT4_BLOCK_SIZE;
    }
    return 0;
}

static int file_write(struct writer *writer, const struct tree_node *node, struct err *err)
{
    int fd;
    int status;

    if (node->size == 0)
        return 0;
    if (!node->source)
        return runs_walk(writer, node, text_run_write, NULL, err);
    fd = open(node->source, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, "cannot read '%s'", node->source);
    status = runs_walk(writer, node, file_run_write, &fd, err);
    close(fd);
    return status;
}

static int dir_run_write(struct writer *writer, const struct tree_node *node, void *context,
                         const struct ext2fs_extent *run, struct err *err)
{
    uint8_t *blocks = context;

    for (uint32_t i = 0; i < run->e_len; i++) {
        uint8_t *block = blocks + (run->e_lblk + i) * EXT4_BLOCK_SIZE;
        errcode_t code;

        ext2fs_initialize_dirent_tail(writer->fs, EXT2_DIRENT_TAIL(block, writer->fs->blocksize));
        code = ext2fs_write_dir_block4(writer->fs, run->e_pblk + i, block, 0, node->inode);
        if (code)
            return fail(err, code, "fill");
    }
    return 0;
}

static int dir_write(struct writer *writer, const struct tree_node *node, uint64_t count,
                     struct err *err)
{
    struct packer packer = { .blocks = xcalloc(count, EXT4_BLOCK_SIZE) };
    int status;

    packer_run(&packer, node);
    status = runs_walk(writer, node, dir_run_write, packer.blocks, err);
    free(packer.blocks);
    return status;
}

static int node_write(struct tree_node *node, void *context, struct err *err)
{
    struct writer *writer = context;
    uint64_t blocks = node_blocks(node);

    if (inode_write(writer, node, blocks, err) < 0)
        return -1;
    if (node->type == TREE_DIR)
        return dir_write(writer, node, blocks, err);
    if (node->type == TREE_LINK && blocks > 0)
        return runs_walk(writer, node, text_run_write, NULL, err);
    if (node->type == TREE_FILE)
        return file_write(writer, node, err);
    return 0;
}

/* Numbers in the order of the tree: a directory lists them ascending. */
static int node_number(struct tree_node *node, void *context, struct err *err)
{
    struct writer *writer = context;

    (void)err;
    node->inode = (uint32_t)writer->goal++;
    ext2fs_inode_alloc_stats2(writer->fs, node->inode, +1, node->type == TREE_DIR);
    return 0;
}

static int nodes_write(struct writer *writer, struct tree *tree, struct err *err)
{
    writer->goal = EXT2_FIRST_INODE(writer->fs->super);
    tree->root.inode = EXT2_ROOT_INO;
    (void)tree_walk(tree, node_number, writer, err);

    writer->goal = 0;
    if (node_write(&tree->root, writer, err) < 0)
        return -1;
    return tree_walk(tree, node_write, writer, err);
}

static int filesystem_fill(struct writer *writer, const char *path, struct tree *tree,
                           struct err *err)
{
    int status;

    writer->fd = open(path, O_RDWR | O_CLOEXEC);
    if (writer->fd < 0)
        return err_set_errno(err, "cannot open '%s'", path);
    writer->buffer = xcalloc(1, COPY_SIZE);
    status = nodes_write(writer, tree, err);
    free(writer->buffer);
    close(writer->fd);
    return status;
}

int ext4_write(const char *path, struct tree *tree, const struct ext4_spec *spec, struct err *err)
{
    struct writer writer = { .spec = spec };
    errcode_t code;

    initialize_ext2_error_table();
    if (filesystem_open(&writer.fs, path, tree, spec, err) < 0)
        return -1;
    if (filesystem_fill(&writer, path, tree, err) < 0) {
        ext2fs_free(writer.fs);
        return -1;
    }
    /* Not ext2fs_close(), which waits for the disk: whoever wants that syncs the whole image. */
    code = ext2fs_flush2(writer.fs, EXT2_FLAG_FLUSH_NO_SYNC);
    if (!code)
        code = io_channel_set_options(writer.fs->io, "cache=off"); /* Writes out what it holds. */
    ext2fs_free(writer.fs);
    return code ? fail(err, code, "write") : 0;
}
