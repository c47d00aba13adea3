/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that move bytes and change sizes. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "kernel/arch/mmu.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/fs/path.h"
#include "kernel/fs/sendfile.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/file_io.h"
#include "kernel/task/signal.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* ---- read and write. ---- */

/* What a write returns to the program: a broken pipe comes with its signal. */
static long write_result(long result)
{
    if (result == -EPIPE)
        signal_send_self(SIGPIPE);
    return signal_restartable(result);
}

static long read_fd(int fd, struct iter *to, const u64 *off, u32 extra)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    long done;

    if (!file)
        return -EBADF;
    done = file_read_flags(file, to, off, extra);
    file_put(file);
    return signal_restartable(done);
}

static long write_fd(int fd, struct iter *from, const u64 *off, u32 extra)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    long done;

    if (!file)
        return -EBADF;
    done = file_write_flags(file, from, off, extra);
    file_put(file);
    return write_result(done);
}

long sys_read(int fd, uaddr_t buffer, u64 size)
{
    struct iter iter;

    iter_init_user(&iter, buffer, u64_min(size, RW_COUNT_MAX));
    return read_fd(fd, &iter, NULL, 0);
}

long sys_write(int fd, uaddr_t buffer, u64 size)
{
    struct iter iter;

    iter_init_user(&iter, buffer, u64_min(size, RW_COUNT_MAX));
    return write_fd(fd, &iter, NULL, 0);
}

long sys_pread64(int fd, uaddr_t buffer, u64 size, s64 off)
{
    struct iter iter;
    u64 at = (u64)off;

    if (off < 0)
        return -EINVAL;
    iter_init_user(&iter, buffer, u64_min(size, RW_COUNT_MAX));
    return read_fd(fd, &iter, &at, 0);
}

long sys_pwrite64(int fd, uaddr_t buffer, u64 size, s64 off)
{
    struct iter iter;
    u64 at = (u64)off;

    if (off < 0)
        return -EINVAL;
    iter_init_user(&iter, buffer, u64_min(size, RW_COUNT_MAX));
    return write_fd(fd, &iter, &at, 0);
}

static long read_pieces(int fd, uaddr_t array, u64 count, const u64 *off, u32 extra)
{
    struct user_pieces pieces;
    long done = user_pieces_init(&pieces, array, count);

    if (done < 0)
        return done;
    done = read_fd(fd, &pieces.iter, off, extra);
    user_pieces_fini(&pieces);
    return done;
}

static long write_pieces(int fd, uaddr_t array, u64 count, const u64 *off, u32 extra)
{
    struct user_pieces pieces;
    long done = user_pieces_init(&pieces, array, count);

    if (done < 0)
        return done;
    done = write_fd(fd, &pieces.iter, off, extra);
    user_pieces_fini(&pieces);
    return done;
}

long sys_readv(int fd, uaddr_t pieces, u64 count)
{
    return read_pieces(fd, pieces, count, NULL, 0);
}

long sys_writev(int fd, uaddr_t pieces, u64 count)
{
    return write_pieces(fd, pieces, count, NULL, 0);
}

/* A 64-bit machine has the whole offset in its low half. */
long sys_preadv(int fd, uaddr_t pieces, u64 count, u64 off_low, u64 off_high)
{
    (void)off_high;
    if ((s64)off_low < 0)
        return -EINVAL;
    return read_pieces(fd, pieces, count, &off_low, 0);
}

long sys_pwritev(int fd, uaddr_t pieces, u64 count, u64 off_low, u64 off_high)
{
    (void)off_high;
    if ((s64)off_low < 0)
        return -EINVAL;
    return write_pieces(fd, pieces, count, &off_low, 0);
}

long sys_preadv2(int fd, uaddr_t pieces, u64 count, u64 off_low, u64 off_high, u32 flags)
{
    u32 extra = flags & RWF_NOWAIT ? FILE_NONBLOCK : 0;
    bool at_position = (s64)off_low == -1;

    (void)off_high;
    if (flags & ~(u32)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT))
        return -EOPNOTSUPP;
    if (!at_position && (s64)off_low < 0)
        return -EINVAL;
    return read_pieces(fd, pieces, count, at_position ? NULL : &off_low, extra);
}

long sys_pwritev2(int fd, uaddr_t pieces, u64 count, u64 off_low, u64 off_high, u32 flags)
{
    u32 extra = flags & RWF_NOWAIT ? FILE_NONBLOCK : 0;
    bool at_position = (s64)off_low == -1;

    (void)off_high;
    if (flags & ~(u32)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
        return -EOPNOTSUPP;
    if (!at_position && (s64)off_low < 0)
        return -EINVAL;
    if (flags & RWF_APPEND)
        extra |= FILE_APPEND;
    return write_pieces(fd, pieces, count, at_position ? NULL : &off_low, extra);
}

long sys_lseek(int fd, s64 off, int whence)
{
    struct file *file = fdtable_get_opened(current_fdtable(), fd);
    long result = -EINVAL; /* Before it matters whether the file has positions. */

    if (!file)
        return -EBADF;
    if (whence >= 0 && whence <= SEEK_HOLE)
        result = file_seek(file, off, whence);
    file_put(file);
    return result;
}

/* ---- From file to file. ---- */

static int copy_in_off(uaddr_t from, u64 *off)
{
    int err = from ? copy_in(off, from, sizeof(*off)) : 0;

    if (err == 0 && from && (s64)*off < 0)
        return -EINVAL;
    return err;
}

long sys_sendfile(int out_fd, int in_fd, uaddr_t off, u64 count)
{
    struct file *in;
    struct file *out;
    u64 at = 0;
    long done = copy_in_off(off, &at);

    if (done < 0)
        return done;
    in = fdtable_get(current_fdtable(), in_fd);
    out = in ? fdtable_get(current_fdtable(), out_fd) : NULL;
    done = -EBADF;
    if (out && (file_flags(out) & FILE_APPEND)) {
        done = -EINVAL;
    } else if (out) {
        done = file_transfer(in, off ? &at : NULL, out, NULL, u64_min(count, RW_COUNT_MAX));
    }
    if (out)
        file_put(out);
    if (in)
        file_put(in);
    if (done >= 0 && off && copy_out(off, &at, sizeof(at)) < 0)
        done = -EFAULT;
    return write_result(done);
}

static long copy_range(struct file *in, u64 *in_off, struct file *out, u64 *out_off, u64 size)
{
    u32 in_type = in->inode ? inode_type(in->inode) : 0;
    u32 out_type = out->inode ? inode_type(out->inode) : 0;

    if (in_type == S_IFDIR || out_type == S_IFDIR)
        return -EISDIR;
    if (in_type != S_IFREG || out_type != S_IFREG)
        return -EINVAL;
    if (file_flags(out) & FILE_APPEND)
        return -EBADF;
    if (in->inode == out->inode) {
        u64 from = in_off ? *in_off : in->position;
        u64 to = out_off ? *out_off : out->position;

        if (from < to + size && to < from + size)
            return -EINVAL;
    }
    return file_transfer(in, in_off, out, out_off, size);
}

long sys_copy_file_range(int in_fd, uaddr_t in_off, int out_fd, uaddr_t out_off, u64 size,
                         u32 flags)
{
    struct file *in;
    struct file *out;
    u64 from = 0;
    u64 to = 0;
    long done = copy_in_off(in_off, &from);

    if (done == 0)
        done = copy_in_off(out_off, &to);
    if (done < 0)
        return done;
    if (flags)
        return -EINVAL;
    in = fdtable_get(current_fdtable(), in_fd);
    out = in ? fdtable_get(current_fdtable(), out_fd) : NULL;
    done = out ? copy_range(in, in_off ? &from : NULL, out, out_off ? &to : NULL,
                            u64_min(size, RW_COUNT_MAX))
               : -EBADF;
    if (out)
        file_put(out);
    if (in)
        file_put(in);
    if (done > 0 && in_off && copy_out(in_off, &from, sizeof(from)) < 0)
        done = -EFAULT;
    if (done > 0 && out_off && copy_out(out_off, &to, sizeof(to)) < 0)
        done = -EFAULT;
    return done;
}

/* ---- To the disk. ---- */

static long sync_fd(int fd, bool data_only)
{
    struct file *file = fdtable_get_opened(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    result = file->ops->sync ? file->ops->sync(file, data_only) : -EINVAL;
    file_put(file);
    return result;
}

long sys_fsync(int fd)
{
    return sync_fd(fd, false);
}

long sys_fdatasync(int fd)
{
    return sync_fd(fd, true);
}

/* Nothing is dirty: filesystems are in memory or read-only. */
long sys_sync(void)
{
    return 0;
}

long sys_syncfs(int fd)
{
    struct file *file = fdtable_get_opened(current_fdtable(), fd);

    if (!file)
        return -EBADF;
    file_put(file);
    return 0;
}

long sys_sync_file_range(int fd, s64 off, s64 size, u32 flags)
{
    if ((flags & ~7u) || off < 0 || size < 0 || off > INT64_MAX - size)
        return -EINVAL;
    return sync_fd(fd, true);
}

/* ---- Sizes. ---- */

long sys_truncate(uaddr_t path, s64 size)
{
    struct inode_change change = { .set = INODE_SET_SIZE, .size = (u64)size };
    struct path_node *node;
    long result;

    if (size < 0)
        return -EINVAL;
    result = user_find(AT_FDCWD, path, 0, &node);
    if (result < 0)
        return result;
    if (inode_type(path_node_inode(node)) == S_IFDIR) {
        result = -EISDIR;
    } else if (inode_type(path_node_inode(node)) != S_IFREG) {
        result = -EINVAL;
    } else {
        result = inode_set(path_node_inode(node), &change);
    }
    path_node_put(node);
    return result;
}

long sys_ftruncate(int fd, s64 size)
{
    struct file *file = fdtable_get_opened(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    if (size < 0 || !file->ops->truncate || !(file_flags(file) & FILE_WRITABLE)) {
        result = -EINVAL;
    } else {
        result = file->ops->truncate(file, (u64)size);
    }
    file_put(file);
    return result;
}

static long allocate(struct file *file, int mode, s64 off, s64 size)
{
    u32 flags = file_flags(file);

    if (!(flags & FILE_WRITABLE))
        return -EBADF;
    if (off < 0 || size <= 0)
        return -EINVAL;
    if (off > INT64_MAX - size)
        return -EFBIG;
    if (file->ops->allocate)
        return file->ops->allocate(file, (u32)mode, (u64)off, (u64)size);
    return flags & FILE_SEEKABLE ? -ENODEV : -ESPIPE;
}

long sys_fallocate(int fd, int mode, s64 off, s64 size)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    result = allocate(file, mode, off, size);
    file_put(file);
    return result;
}

enum {
    FADVISE_WILLNEED = 3,
    FADVISE_NOREUSE = 5, /* The last one. */
};

/* Reads ahead what fits; the rest of the call's promise is none. */
static long read_ahead(struct file *file, s64 off, u64 size)
{
    u64 first = (u64)off / PAGE_SIZE;

    if (!file->inode || inode_type(file->inode) != S_IFREG || file->inode->ops->open)
        return -EINVAL;
    page_cache_read_ahead(&file->inode->cache, first, u64_min(size, UINT32_MAX) / PAGE_SIZE + 1);
    return 0;
}

long sys_fadvise64(int fd, s64 off, s64 size, int advice)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    long result = 0;

    if (!file)
        return -EBADF;
    if (!(file_flags(file) & FILE_SEEKABLE)) {
        result = -ESPIPE;
    } else if (off < 0 || size < 0 || advice < 0 || advice > FADVISE_NOREUSE) {
        result = -EINVAL;
    } else if (advice == FADVISE_WILLNEED) {
        (void)!read_ahead(file, off, size ? (u64)size : UINT32_MAX); /* Advice. */
    }
    file_put(file);
    return result;
}

long sys_readahead(int fd, s64 off, u64 size)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    if (!(file_flags(file) & FILE_READABLE)) {
        result = -EBADF;
    } else if (off < 0) {
        result = -EINVAL;
    } else {
        result = read_ahead(file, off, size);
    }
    file_put(file);
    return result;
}
