/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on descriptors themselves, whatever they name. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/open_flags.h"
#include "kernel/core/thread.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/file/pipe.h"
#include "kernel/fs/flock.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/task/signal.h"
#include "lib/base/types.h"

/* Takes `fd` out of the table and closes what it named. */
static int close_one(int fd)
{
    struct file *file;
    int err;

    err = fdtable_replace(current_fdtable(), fd, NULL, false, &file);
    if (err < 0)
        return err;
    if (!file)
        return -EBADF;

    if (file->ops->closed)
        file->ops->closed(file);
    file_put(file);
    return 0;
}

long sys_close(int fd)
{
    return close_one(fd);
}

long sys_close_range(u32 first, u32 last, u32 flags)
{
    struct fdtable *table = current_fdtable();

    if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
        return -EINVAL;
    if (first >= FDTABLE_SIZE_MAX)
        return 0;

    for (int fd = fdtable_next(table, (int)first); fd >= 0 && (u32)fd <= last;
         fd = fdtable_next(table, fd + 1)) {
        /* Either fails only when another thread closed it first. */
        if (flags & CLOSE_RANGE_CLOEXEC) {
            (void)!fdtable_set_cloexec(table, fd, true);
        } else {
            (void)!close_one(fd);
        }
        sched_yield_if_due();
    }
    return 0;
}

static long dup_from(struct file *file, int from, bool cloexec)
{
    int fd = fdtable_insert(current_fdtable(), file_get(file), from, cloexec);

    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_dup(int fd)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    result = dup_from(file, 0, false);
    file_put(file);
    return result;
}

/*
 * dup3(2): newfd comes to name the file of oldfd. What newfd named before is closed without a word
 * if that fails, as on Linux: there is no way left to report it.
 */
long sys_dup3(int oldfd, int newfd, int flags)
{
    struct fdtable *table = current_fdtable();
    struct file *file;
    struct file *displaced;
    int err;

    /* Unlike dup2(), which returns newfd when both are the same. */
    if (oldfd == newfd || (flags & ~O_CLOEXEC))
        return -EINVAL;

    file = fdtable_get(table, oldfd);
    if (!file)
        return -EBADF;

    err = fdtable_replace(table, newfd, file, (flags & O_CLOEXEC) != 0, &displaced);
    if (err < 0) {
        file_put(file);
        return err;
    }

    if (displaced && displaced->ops->closed)
        displaced->ops->closed(displaced);
    if (displaced)
        file_put(displaced);
    return newfd;
}

long sys_dup2(int oldfd, int newfd)
{
    if (oldfd != newfd)
        return sys_dup3(oldfd, newfd, 0);
    return fdtable_get_cloexec(current_fdtable(), oldfd) < 0 ? -EBADF : newfd;
}

/* ---- fcntl. ---- */

/* Status flags of a file as F_GETFL shows them, and back. */
static const struct {
    u32 file;
    u32 open;
    bool changeable;
} status_flags[] = {
    { FILE_NONBLOCK, O_NONBLOCK, true },    { FILE_APPEND, O_APPEND, true },
    { FILE_ASYNC, O_ASYNC, true },          { FILE_DIRECT, O_DIRECT, true },
    { FILE_NOATIME, O_NOATIME, true },      { FILE_DSYNC, O_DSYNC, false },
    { FILE_LARGEFILE, O_LARGEFILE, false }, { FILE_PATH, O_PATH, false },
    { FILE_DIRECTORY, O_DIRECTORY, false },
};

static long get_status(const struct file *file)
{
    u32 flags = file_flags(file);
    u32 result = O_RDONLY;

    if (flags & FILE_WRITABLE)
        result = flags & FILE_READABLE ? O_RDWR : O_WRONLY;
    for (size_t i = 0; i < ARRAY_COUNT(status_flags); i++) {
        if (flags & status_flags[i].file)
            result |= status_flags[i].open;
    }
    return (long)result;
}

static long set_status(struct file *file, u32 wanted)
{
    u32 mask = 0;
    u32 flags = 0;

    for (size_t i = 0; i < ARRAY_COUNT(status_flags); i++) {
        if (!status_flags[i].changeable)
            continue;
        mask |= status_flags[i].file;
        if (wanted & status_flags[i].open)
            flags |= status_flags[i].file;
    }
    file_set_flags(file, mask, flags);
    return 0;
}

static bool lock_fits_access(const struct file *file, int type)
{
    u32 flags = file_flags(file);

    if (type == F_RDLCK)
        return (flags & FILE_READABLE) != 0;
    if (type == F_WRLCK)
        return (flags & FILE_WRITABLE) != 0;
    return true;
}

/*
 * Record locks. Those of one process never stand in each other's way, and there is one process:
 * what is left is to look at the arguments.
 */
static long record_lock(struct file *file, u32 command, uaddr_t arg)
{
    struct linux_flock lock;
    int err = copy_in(&lock, arg, sizeof(lock));

    if (err < 0)
        return err;
    if (lock.l_whence < SEEK_SET || lock.l_whence > SEEK_END)
        return -EINVAL;
    if (command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW) {
        if (lock.l_pid != 0)
            return -EINVAL;
    }
    if (command == F_GETLK || command == F_OFD_GETLK) {
        if (lock.l_type != F_RDLCK && lock.l_type != F_WRLCK)
            return -EINVAL;
        lock.l_type = F_UNLCK;
        return copy_out(arg, &lock, sizeof(lock));
    }
    if (lock.l_type < F_RDLCK || lock.l_type > F_UNLCK)
        return -EINVAL;
    return lock_fits_access(file, lock.l_type) ? 0 : -EBADF;
}

static long fcntl_dup(struct file *file, u64 from, bool cloexec)
{
    if (from > INT32_MAX)
        return -EINVAL;
    if (from >= fdtable_limit(current_fdtable()))
        return -EINVAL;
    return dup_from(file, (int)from, cloexec);
}

static long fcntl_file(struct file *file, int fd, u32 command, u64 arg)
{
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return fcntl_dup(file, arg, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fdtable_get_cloexec(current_fdtable(), fd);
    case F_SETFD:
        return fdtable_set_cloexec(current_fdtable(), fd, (arg & FD_CLOEXEC) != 0);
    case F_GETFL:
        return get_status(file);
    default:
        break;
    }
    if (file_flags(file) & FILE_PATH)
        return -EBADF;

    switch (command) {
    case F_SETFL:
        return set_status(file, (u32)arg);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return record_lock(file, command, arg);
    case F_GETOWN:
    case F_GETSIG:
    case F_SETOWN: /* Whom SIGIO goes to: there is one process, and it does not get any. */
        return 0;
    case F_GETPIPE_SZ:
        return pipe_is(file) ? pipe_size(file) : -EBADF;
    case F_SETPIPE_SZ:
        return pipe_is(file) ? pipe_set_size(file, arg) : -EBADF;
    case F_ADD_SEALS:
        if (!(file_flags(file) & FILE_WRITABLE))
            return -EPERM;
        return memfd_add_seals(file, (u32)arg);
    case F_GET_SEALS:
        return memfd_seals(file);
    default:
        return -EINVAL;
    }
}

long sys_fcntl(int fd, u32 command, u64 arg)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    result = fcntl_file(file, fd, command, arg);
    file_put(file);
    return result;
}

/* ---- flock, ioctl. ---- */

long sys_flock(int fd, int operation)
{
    struct file *file = fdtable_get_opened(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    result = signal_restartable(flock_change(file, operation));
    file_put(file);
    return result;
}

static long ioctl_flag(struct file *file, uaddr_t arg, u32 flag)
{
    int on;
    int err = copy_in(&on, arg, sizeof(on));

    if (err < 0)
        return err;
    file_set_flags(file, flag, on ? flag : 0);
    return 0;
}

/* FIONREAD of a plain file: what lies between the position and the end. */
static long ioctl_left(struct file *file, uaddr_t arg)
{
    u64 size = file->ops->size(file);
    int left = size > file->position ? (int)(size - file->position) : 0;

    return copy_out(arg, &left, sizeof(left));
}

static long ioctl_file(struct file *file, int fd, u32 command, u64 arg)
{
    switch (command) {
    case FIOCLEX:
        return fdtable_set_cloexec(current_fdtable(), fd, true);
    case FIONCLEX:
        return fdtable_set_cloexec(current_fdtable(), fd, false);
    case FIONBIO:
        return ioctl_flag(file, arg, FILE_NONBLOCK);
    case FIOASYNC:
        return ioctl_flag(file, arg, FILE_ASYNC);
    default:
        break;
    }
    if (file->ops->ioctl)
        return file->ops->ioctl(file, command, arg);
    if (command == FIONREAD && file->ops->size)
        return ioctl_left(file, arg);
    return -ENOTTY;
}

long sys_ioctl(int fd, u32 command, u64 arg)
{
    struct file *file = fdtable_get_opened(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    result = ioctl_file(file, fd, command, arg);
    file_put(file);
    return result;
}
