/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that describe files and change what is said of them. Registered in path.def. */
#include "abi/linux/stat.h"
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/mutex.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/file/pipe.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/file_io.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

/* ---- What a path or a descriptor leads to. ---- */

/* The thing described: an inode, or a file without one (pipe, socket, eventfd ...). */
struct subject {
    struct path_node *node; /* One of the two, with a reference. */
    struct file *file;
};

static struct inode *subject_inode(const struct subject *subject)
{
    return subject->node ? path_node_inode(subject->node) : subject->file->inode;
}

static void subject_fini(struct subject *subject)
{
    path_node_put(subject->node);
    if (subject->file)
        file_put(subject->file);
}

static int subject_init_fd(struct subject *subject, int fd)
{
    *subject = (struct subject){ .file = fdtable_get(current_fdtable(), fd) };
    return subject->file ? 0 : -EBADF;
}

/* The *at calls' way of naming: a path, or with AT_EMPTY_PATH the descriptor itself. */
static int subject_init(struct subject *subject, int dirfd, uaddr_t path, int flags)
{
    u32 walk = flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : 0;
    struct user_place place;
    char first;
    int err;

    *subject = (struct subject){ 0 };
    if (flags & AT_EMPTY_PATH) {
        /* Linux 6.11 takes NULL for empty as well; programs try it and go back. */
        err = copy_in(&first, path, 1);
        if (err < 0)
            return err;
        if (first == '\0' && dirfd != AT_FDCWD)
            return subject_init_fd(subject, dirfd);
        walk |= PATH_EMPTY;
    }
    err = user_place_init(&place, dirfd, path);
    if (err < 0)
        return err;
    err = path_find_or_file(place.base, place.path, walk, &subject->node, &subject->file);
    user_place_fini(&place);
    return err;
}

/* ---- stat. ---- */

static void stat_inode(struct inode *inode, struct linux_stat *stat)
{
    if (inode->ops->refresh)
        inode->ops->refresh(inode);
    rwlock_read_lock(&inode->lock);
    stat->st_dev = inode->filesystem->device_id;
    stat->st_ino = inode->number;
    stat->st_nlink = inode->link_count;
    stat->st_mode = inode->mode;
    stat->st_uid = inode->uid;
    stat->st_gid = inode->gid;
    stat->st_rdev = inode->device;
    stat->st_size = (s64)inode->size;
    stat->st_blksize = (s64)inode->filesystem->block_size;
    stat->st_blocks = (s64)inode->blocks;
    stat->st_atime = (u64)inode->atime.seconds;
    stat->st_atime_nsec = inode->atime.ns;
    stat->st_mtime = (u64)inode->mtime.seconds;
    stat->st_mtime_nsec = inode->mtime.ns;
    stat->st_ctime = (u64)inode->ctime.seconds;
    stat->st_ctime_nsec = inode->ctime.ns;
    rwlock_read_unlock(&inode->lock);
}

/* A file that no path leads to. Its address, made unrecognisable, tells it from others. */
static void stat_bare(const struct file *file, struct linux_stat *stat)
{
    if (pipe_is(file)) {
        stat->st_mode = S_IFIFO | 0600;
    } else if (str_equal(file->ops->name, "socket")) {
        stat->st_mode = S_IFSOCK | 0777;
    } else {
        stat->st_mode = 0600;
    }
    stat->st_ino = file_number(file);
    stat->st_nlink = 1;
    stat->st_blksize = 4096;
}

static void stat_subject(const struct subject *subject, struct linux_stat *stat)
{
    struct inode *inode = subject_inode(subject);

    mem_zero(stat, sizeof(*stat));
    if (inode) {
        stat_inode(inode, stat);
    } else {
        stat_bare(subject->file, stat);
    }
}

long sys_newfstatat(int dirfd, uaddr_t path, uaddr_t to, int flags)
{
    struct subject subject;
    struct linux_stat stat;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
        return -EINVAL;
    err = subject_init(&subject, dirfd, path, flags);
    if (err < 0)
        return err;
    stat_subject(&subject, &stat);
    subject_fini(&subject);
    return copy_out(to, &stat, sizeof(stat));
}

long sys_stat(uaddr_t path, uaddr_t to)
{
    return sys_newfstatat(AT_FDCWD, path, to, 0);
}

long sys_lstat(uaddr_t path, uaddr_t to)
{
    return sys_newfstatat(AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(int fd, uaddr_t to)
{
    struct subject subject;
    struct linux_stat stat;
    int err = subject_init_fd(&subject, fd);

    if (err < 0)
        return err;
    stat_subject(&subject, &stat);
    subject_fini(&subject);
    return copy_out(to, &stat, sizeof(stat));
}

static struct linux_statx_timestamp statx_time(u64 seconds, u64 ns)
{
    return (struct linux_statx_timestamp){ .tv_sec = (s64)seconds, .tv_nsec = (u32)ns };
}

static u32 device_major(u64 device)
{
    return (u32)((device >> 8) & 0xfff) | (u32)((device >> 32) & 0xfffff000);
}

static u32 device_minor(u64 device)
{
    return (u32)(device & 0xff) | (u32)((device >> 12) & 0xffffff00);
}

static void statx_from_stat(const struct linux_stat *stat, struct linux_statx *statx)
{
    mem_zero(statx, sizeof(*statx));
    statx->stx_mask = STATX_BASIC_STATS;
    statx->stx_blksize = (u32)stat->st_blksize;
    statx->stx_nlink = (u32)stat->st_nlink;
    statx->stx_uid = stat->st_uid;
    statx->stx_gid = stat->st_gid;
    statx->stx_mode = (u16)stat->st_mode;
    statx->stx_ino = stat->st_ino;
    statx->stx_size = (u64)stat->st_size;
    statx->stx_blocks = (u64)stat->st_blocks;
    statx->stx_atime = statx_time(stat->st_atime, stat->st_atime_nsec);
    statx->stx_mtime = statx_time(stat->st_mtime, stat->st_mtime_nsec);
    statx->stx_ctime = statx_time(stat->st_ctime, stat->st_ctime_nsec);
    statx->stx_rdev_major = device_major(stat->st_rdev);
    statx->stx_rdev_minor = device_minor(stat->st_rdev);
    statx->stx_dev_major = device_major(stat->st_dev);
    statx->stx_dev_minor = device_minor(stat->st_dev);
}

static void statx_subject(const struct subject *subject, struct linux_statx *statx)
{
    struct inode *inode = subject_inode(subject);
    struct linux_stat stat;

    stat_subject(subject, &stat);
    statx_from_stat(&stat, statx);
    if (inode && inode->btime.seconds != 0) {
        statx->stx_btime = statx_time((u64)inode->btime.seconds, inode->btime.ns);
        statx->stx_mask |= STATX_BTIME;
    }
}

long sys_statx(int dirfd, uaddr_t path, int flags, u32 mask, uaddr_t to)
{
    struct subject subject;
    struct linux_statx statx;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE))
        return -EINVAL;
    if ((mask & STATX_RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    err = subject_init(&subject, dirfd, path, flags);
    if (err < 0)
        return err;
    statx_subject(&subject, &statx);
    subject_fini(&subject);
    return copy_out(to, &statx, sizeof(statx));
}

/* ---- statfs. ---- */

enum {
    ANON_INODE_MAGIC = 0x09041934,
    STATFS_RDONLY = 1,
    STATFS_VALID = 0x20,
};

static void statfs_subject(const struct subject *subject, struct linux_statfs *statfs)
{
    struct inode *inode = subject_inode(subject);
    struct filesystem *fs = inode ? inode->filesystem : NULL;

    mem_zero(statfs, sizeof(*statfs));
    statfs->f_type = fs ? (s64)fs->magic : ANON_INODE_MAGIC;
    statfs->f_bsize = fs ? (s64)fs->block_size : 4096;
    statfs->f_frsize = statfs->f_bsize;
    statfs->f_namelen = NAME_LEN_MAX;
    statfs->f_flags = STATFS_VALID | (fs && fs->read_only ? STATFS_RDONLY : 0);
    if (fs)
        statfs->f_fsid[0] = (s32)fs->device_id;
    if (fs && fs->counts)
        fs->counts(fs, &statfs->f_blocks, &statfs->f_bfree, &statfs->f_files, &statfs->f_ffree);
    statfs->f_bavail = statfs->f_bfree;
}

static long statfs_out(struct subject *subject, int err, uaddr_t to)
{
    struct linux_statfs statfs;

    if (err < 0)
        return err;
    statfs_subject(subject, &statfs);
    subject_fini(subject);
    return copy_out(to, &statfs, sizeof(statfs));
}

long sys_statfs(uaddr_t path, uaddr_t to)
{
    struct subject subject;
    int err = subject_init(&subject, AT_FDCWD, path, 0);

    return statfs_out(&subject, err, to);
}

long sys_fstatfs(int fd, uaddr_t to)
{
    struct subject subject;
    int err = subject_init_fd(&subject, fd);

    return statfs_out(&subject, err, to);
}

/* ---- access. ---- */

enum {
    ACCESS_READ = 4,
    ACCESS_WRITE = 2,
    ACCESS_EXECUTE = 1,
};

/* The program is root: what is left is to execute nothing nobody may, and to write what can be. */
static int access_allowed(const struct inode *inode, int mode)
{
    u32 type = inode_type(inode);

    if ((mode & ACCESS_EXECUTE) && type != S_IFDIR && !(inode->mode & 0111))
        return -EACCES;
    if ((mode & ACCESS_WRITE) && inode->filesystem->read_only && type != S_IFCHR &&
        type != S_IFIFO && type != S_IFSOCK)
        return -EROFS;
    return 0;
}

long sys_faccessat2(int dirfd, uaddr_t path, int mode, int flags)
{
    struct subject subject;
    struct inode *inode;
    int err;

    if ((mode & ~(ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE)) ||
        (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    err = subject_init(&subject, dirfd, path, flags);
    if (err < 0)
        return err;
    inode = subject_inode(&subject);
    if (inode)
        err = access_allowed(inode, mode);
    subject_fini(&subject);
    return err;
}

long sys_faccessat(int dirfd, uaddr_t path, int mode)
{
    return sys_faccessat2(dirfd, path, mode, 0);
}

long sys_access(uaddr_t path, int mode)
{
    return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

/* ---- readlink. ---- */

static long read_link(struct inode *inode, uaddr_t buffer, u64 size)
{
    char *target;
    long len;

    if (inode_type(inode) != S_IFLNK || !inode->ops->readlink)
        return -EINVAL;
    target = heap_alloc(PATH_SIZE_MAX);
    if (!target)
        return -ENOMEM;
    len = inode->ops->readlink(inode, target, u64_min(size, PATH_SIZE_MAX));
    if (len > 0 && copy_out(buffer, target, (size_t)len) < 0)
        len = -EFAULT;
    heap_free(target);
    return len;
}

long sys_readlinkat(int dirfd, uaddr_t path, uaddr_t buffer, int size)
{
    struct subject subject;
    struct inode *inode;
    long result;

    if (size <= 0)
        return -EINVAL;
    result = subject_init(&subject, dirfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
    if (result < 0)
        return result;
    inode = subject_inode(&subject);
    /* An empty path names the descriptor, which is no link: ENOENT, as if it were a bad path. */
    if (subject.file && (!inode || inode_type(inode) != S_IFLNK)) {
        result = -ENOENT;
    } else {
        result = inode ? read_link(inode, buffer, (u64)size) : -EINVAL;
    }
    subject_fini(&subject);
    return result;
}

long sys_readlink(uaddr_t path, uaddr_t buffer, int size)
{
    return sys_readlinkat(AT_FDCWD, path, buffer, size);
}
