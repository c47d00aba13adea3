/* SPDX-License-Identifier: Apache-2.0 */
/* What is in files, read run by run. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/disk/disk.h"
#include "ops/disk/inner.h"
#include "ops/disk/libext2fs.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    /* Files without extents, or small ones within their inode, are read by libext2fs. */
    PLAIN_BLOCKS_MAX = 1 << 30,
};

struct reader {
    struct disk *disk;
    uint64_t size;
    uint64_t next;   /* Content comes in order: no run starts below. */
    uint64_t blocks; /* Of all runs so far. No file has more than there are. */
    uint8_t *buffer;
    disk_piece_fn fn;
    void *context;
};

/* The blocks of a run that have content, in pieces. */
static int run_read(struct reader *reader, const struct ext2fs_extent *run, struct err *err)
{
    ext2_filsys fs = reader->disk->fs;
    uint32_t piece = DISK_COPY_SIZE / fs->blocksize;

    for (uint32_t done = 0; done < run->e_len; done += piece) {
        uint32_t count = run->e_len - done < piece ? run->e_len - done : piece;
        uint64_t off = (run->e_lblk + done) * fs->blocksize;
        uint64_t size = (uint64_t)count * fs->blocksize;
        errcode_t code;

        if (off >= reader->size)
            return 0;
        if (size > reader->size - off)
            size = reader->size - off;
        code = io_channel_read_blk64(fs->io, run->e_pblk + done, (int)count, reader->buffer);
        if (code)
            return disk_fail(err, code, "cannot read");
        if (reader->fn(reader->context, off, reader->buffer, size, err) < 0)
            return -1;
    }
    return 0;
}

/* Whether a run is where one can be: behind the last one, and on the disk. Counts its blocks. */
static bool run_is_good(struct reader *reader, const struct ext2fs_extent *run)
{
    uint64_t blocks = ext2fs_blocks_count(reader->disk->fs->super);

    reader->blocks += run->e_len;
    return run->e_len > 0 && run->e_lblk >= reader->next && run->e_pblk < blocks &&
           run->e_len <= blocks - run->e_pblk && reader->blocks <= blocks;
}

static int runs_read(struct reader *reader, ext2_ino_t ino, struct ext2_inode *inode,
                     struct err *err)
{
    uint64_t visits = ext2fs_blocks_count(reader->disk->fs->super);
    ext2_extent_handle_t handle;
    struct ext2fs_extent run;
    errcode_t code = ext2fs_extent_open2(reader->disk->fs, ino, inode, &handle);
    int op = EXT2_EXTENT_ROOT;
    int status = 0;

    if (code)
        return disk_fail(err, code, "its filesystem is damaged");
    while (status == 0) {
        code = ext2fs_extent_get(handle, op, &run);
        op = EXT2_EXTENT_NEXT;
        if (code == EXT2_ET_EXTENT_NO_NEXT || code == EXT2_ET_NO_CURRENT_NODE)
            break;
        if (code) {
            status = disk_fail(err, code, "its filesystem is damaged");
        } else if (visits-- == 0) {
            status = err_set(err, "its filesystem is damaged: a file without end");
        } else if (!(run.e_flags & EXT2_EXTENT_FLAGS_LEAF) ||
                   (run.e_flags & EXT2_EXTENT_FLAGS_SECOND_VISIT)) {
            continue;
        } else if (!run_is_good(reader, &run)) {
            status = err_set(err, "its filesystem is damaged: blocks of a file");
        } else {
            if (!(run.e_flags & EXT2_EXTENT_FLAGS_UNINIT))
                status = run_read(reader, &run, err);
            reader->next = run.e_lblk + run.e_len;
        }
    }
    ext2fs_extent_free(handle);
    return status;
}

/* The slow way, for the files of older filesystems. */
static int plain_read(struct reader *reader, ext2_ino_t ino, struct ext2_inode *inode,
                      struct err *err)
{
    ext2_file_t file;
    errcode_t code;
    uint64_t off = 0;
    int status = 0;

    if (reader->size / reader->disk->fs->blocksize > PLAIN_BLOCKS_MAX) {
        return err_set(err, "its filesystem is damaged: a file of %llu bytes",
                       (unsigned long long)reader->size);
    }
    code = ext2fs_file_open2(reader->disk->fs, ino, inode, 0, &file);
    if (code)
        return disk_fail(err, code, "cannot read");
    while (status == 0 && off < reader->size) {
        unsigned got = 0;

        code = ext2fs_file_read(file, reader->buffer, DISK_COPY_SIZE, &got);
        if (code) {
            status = disk_fail(err, code, "cannot read");
        } else if (got == 0) {
            break;
        } else {
            status = reader->fn(reader->context, off, reader->buffer, got, err);
        }
        off += got;
    }
    ext2fs_file_close(file);
    return status;
}

int disk_content(struct disk *disk, ext2_ino_t ino, struct ext2_inode *inode, disk_piece_fn fn,
                 void *context, struct err *err)
{
    struct reader reader = {
        .disk = disk, .size = EXT2_I_SIZE(inode), .fn = fn, .context = context
    };
    int status;

    reader.buffer = xcalloc(1, DISK_COPY_SIZE);
    if (inode->i_flags & EXT4_EXTENTS_FL) {
        status = runs_read(&reader, ino, inode, err);
    } else {
        status = plain_read(&reader, ino, inode, err);
    }
    free(reader.buffer);
    return status;
}

/* A file on its way to a stream. */
struct stream {
    FILE *out;
    uint64_t next;
};

static int zeros_put(struct stream *stream, uint64_t until, struct err *err)
{
    static const uint8_t zeros[4096];

    while (stream->next < until) {
        uint64_t left = until - stream->next;
        size_t part = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);

        if (fwrite(zeros, 1, part, stream->out) != part)
            return err_set_errno(err, "cannot write");
        stream->next += part;
    }
    return 0;
}

static int piece_put(void *context, uint64_t off, const void *bytes, size_t size, struct err *err)
{
    struct stream *stream = context;

    if (zeros_put(stream, off, err) < 0)
        return -1;
    if (fwrite(bytes, 1, size, stream->out) != size)
        return err_set_errno(err, "cannot write");
    stream->next += size;
    return 0;
}

/* Finds a file, behind links. */
static int file_find(struct disk *disk, const char *path, ext2_ino_t *ino, struct ext2_inode *inode,
                     struct err *err)
{
    if (disk_find(disk, path, true, ino, err) < 0 || disk_inode_read(disk, *ino, inode, err) < 0)
        return -1;
    if (S_ISREG(inode->i_mode))
        return 0;
    return err_set(err, S_ISDIR(inode->i_mode) ? "it is a directory" : "it is no file");
}

int disk_cat(struct disk *disk, const char *path, FILE *out, struct err *err)
{
    struct stream stream = { .out = out };
    struct ext2_inode inode;
    ext2_ino_t ino;
    int status = file_find(disk, path, &ino, &inode, err);

    if (status == 0)
        status = disk_content(disk, ino, &inode, piece_put, &stream, err);
    if (status == 0)
        status = zeros_put(&stream, EXT2_I_SIZE(&inode), err);
    return status < 0 ? err_prefix(err, "cannot read '%s'", path) : 0;
}

/* A file on its way to memory. */
struct memory {
    char *text;
    size_t size;
};

static int piece_keep(void *context, uint64_t off, const void *bytes, size_t size, struct err *err)
{
    const struct memory *memory = context;

    if (off > memory->size || size > memory->size - off)
        return err_set(err, "its filesystem is damaged: the size of a file");
    memcpy(memory->text + off, bytes, size);
    return 0;
}

char *disk_read_text(struct disk *disk, const char *path, size_t size_max, size_t *size,
                     struct err *err)
{
    struct memory memory = { .text = NULL };
    struct ext2_inode inode;
    ext2_ino_t ino;
    int status = file_find(disk, path, &ino, &inode, err);

    if (status == 0 && EXT2_I_SIZE(&inode) > size_max)
        status = err_set(err, "it is too large");
    if (status == 0) {
        memory.size = EXT2_I_SIZE(&inode);
        memory.text = xcalloc(memory.size + 1, 1);
        status = disk_content(disk, ino, &inode, piece_keep, &memory, err);
    }
    if (status < 0) {
        err_prefix(err, "cannot read '%s'", path);
        free(memory.text);
        return NULL;
    }
    *size = memory.size;
    return memory.text;
}
