/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that change what is said of files: chmod, chown, utime; and xattr, refused. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/clock.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/file_io.h"
#include "lib/base/types.h"

static long change_path(int dirfd, uaddr_t path, int flags, const struct inode_change *change)
{
    u32 walk = 0;
    struct path_node *node;
    long result;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    walk |= flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : 0;
    walk |= flags & AT_EMPTY_PATH ? PATH_EMPTY : 0;
    result = user_find(dirfd, path, walk, &node);
    if (result < 0)
        return result;
    result = inode_set(path_node_inode(node), change);
    path_node_put(node);
    return result;
}

static long change_fd(int fd, const struct inode_change *change)
{
    struct file *file = fdtable_get_opened(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    result = file->inode ? inode_set(file->inode, change) : 0;
    file_put(file);
    return result;
}

/* ---- chmod, chown. ---- */

static struct inode_change mode_change(u32 mode)
{
    return (struct inode_change){ .set = INODE_SET_MODE, .mode = mode & 07777 };
}

/* -1 leaves an owner as it is. */
static struct inode_change owner_change(u32 uid, u32 gid)
{
    struct inode_change change = { .uid = uid, .gid = gid };

    if (uid != UINT32_MAX)
        change.set |= INODE_SET_UID;
    if (gid != UINT32_MAX)
        change.set |= INODE_SET_GID;
    return change;
}

long sys_chmod(uaddr_t path, u32 mode)
{
    struct inode_change change = mode_change(mode);

    return change_path(AT_FDCWD, path, 0, &change);
}

long sys_fchmod(int fd, u32 mode)
{
    struct inode_change change = mode_change(mode);

    return change_fd(fd, &change);
}

long sys_fchmodat(int dirfd, uaddr_t path, u32 mode)
{
    struct inode_change change = mode_change(mode);

    return change_path(dirfd, path, 0, &change);
}

long sys_chown(uaddr_t path, u32 uid, u32 gid)
{
    struct inode_change change = owner_change(uid, gid);

    return change_path(AT_FDCWD, path, 0, &change);
}

long sys_lchown(uaddr_t path, u32 uid, u32 gid)
{
    struct inode_change change = owner_change(uid, gid);

    return change_path(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &change);
}

long sys_fchown(int fd, u32 uid, u32 gid)
{
    struct inode_change change = owner_change(uid, gid);

    return change_fd(fd, &change);
}

long sys_fchownat(int dirfd, uaddr_t path, u32 uid, u32 gid, int flags)
{
    struct inode_change change = owner_change(uid, gid);

    return change_path(dirfd, path, flags, &change);
}

/* ---- Times. ---- */

struct user_time {
    s64 seconds;
    s64 part; /* Nanoseconds, or microseconds. */
};

static struct inode_change now_change(void)
{
    struct timestamp now = timestamp_now();

    return (struct inode_change){ .set = INODE_SET_ATIME | INODE_SET_MTIME,
                                  .atime = now,
                                  .mtime = now };
}

/* One time of utimensat(): 0, or -EINVAL. Clears `bit` of `*set` for UTIME_OMIT. */
static int take_time(const struct user_time *from, struct timestamp *to, u32 bit, u32 *set)
{
    if (from->part == UTIME_OMIT) {
        *set &= ~bit;
        return 0;
    }
    if (from->part == UTIME_NOW)
        return 0; /* As now_change() has it. */
    if (from->part < 0 || from->part >= (s64)NS_PER_SECOND)
        return -EINVAL;
    *to = (struct timestamp){ .seconds = from->seconds, .ns = (u32)from->part };
    return 0;
}

long sys_utimensat(int dirfd, uaddr_t path, uaddr_t times, int flags)
{
    struct inode_change change = now_change();
    struct user_time both[2];
    int err;

    if (times) {
        err = copy_in(both, times, sizeof(both));
        if (err == 0)
            err = take_time(&both[0], &change.atime, INODE_SET_ATIME, &change.set);
        if (err == 0)
            err = take_time(&both[1], &change.mtime, INODE_SET_MTIME, &change.set);
        if (err < 0)
            return err;
    }
    if (change.set == 0)
        return 0;
    if (!path)
        return flags ? -EINVAL : change_fd(dirfd, &change);
    return change_path(dirfd, path, flags, &change);
}

/* Microseconds. */
long sys_futimesat(int dirfd, uaddr_t path, uaddr_t times)
{
    struct inode_change change = now_change();
    struct user_time both[2];
    int err;

    if (times) {
        err = copy_in(both, times, sizeof(both));
        if (err < 0)
            return err;
        for (u32 i = 0; i < 2; i++) {
            if (both[i].part < 0 || both[i].part >= 1000000)
                return -EINVAL;
            both[i].part *= 1000;
        }
        change.atime = (struct timestamp){ both[0].seconds, (u32)both[0].part };
        change.mtime = (struct timestamp){ both[1].seconds, (u32)both[1].part };
    }
    if (!path)
        return change_fd(dirfd, &change);
    return change_path(dirfd, path, 0, &change);
}

long sys_utimes(uaddr_t path, uaddr_t times)
{
    return sys_futimesat(AT_FDCWD, path, times);
}

/* Whole seconds. */
long sys_utime(uaddr_t path, uaddr_t times)
{
    struct inode_change change = now_change();
    s64 both[2];
    int err;

    if (times) {
        err = copy_in(both, times, sizeof(both));
        if (err < 0)
            return err;
        change.atime = (struct timestamp){ .seconds = both[0] };
        change.mtime = (struct timestamp){ .seconds = both[1] };
    }
    return change_path(AT_FDCWD, path, 0, &change);
}

/* ---- Extended attributes. ---- */

/* Lists are empty, the rest is not supported: but only of what exists. */
static long refuse_path(uaddr_t path, u32 walk, long answer)
{
    struct path_node *node;
    int err = user_find(AT_FDCWD, path, walk, &node);

    if (err < 0)
        return err;
    path_node_put(node);
    return answer;
}

static long refuse_fd(int fd, long answer)
{
    struct file *file = fdtable_get_opened(current_fdtable(), fd);

    if (!file)
        return -EBADF;
    file_put(file);
    return answer;
}

long sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t value, u64 size)
{
    (void)name;
    (void)value;
    (void)size;
    return refuse_path(path, 0, -EOPNOTSUPP);
}

long sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t value, u64 size)
{
    (void)name;
    (void)value;
    (void)size;
    return refuse_path(path, PATH_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fgetxattr(int fd, uaddr_t name, uaddr_t value, u64 size)
{
    (void)name;
    (void)value;
    (void)size;
    return refuse_fd(fd, -EOPNOTSUPP);
}

long sys_setxattr(uaddr_t path, uaddr_t name, uaddr_t value, u64 size, int flags)
{
    (void)name;
    (void)value;
    (void)size;
    (void)flags;
    return refuse_path(path, 0, -EOPNOTSUPP);
}

long sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t value, u64 size, int flags)
{
    (void)name;
    (void)value;
    (void)size;
    (void)flags;
    return refuse_path(path, PATH_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fsetxattr(int fd, uaddr_t name, uaddr_t value, u64 size, int flags)
{
    (void)name;
    (void)value;
    (void)size;
    (void)flags;
    return refuse_fd(fd, -EOPNOTSUPP);
}

long sys_listxattr(uaddr_t path, uaddr_t list, u64 size)
{
    (void)list;
    (void)size;
    return refuse_path(path, 0, 0);
}

long sys_llistxattr(uaddr_t path, uaddr_t list, u64 size)
{
    (void)list;
    (void)size;
    return refuse_path(path, PATH_NOFOLLOW, 0);
}

long sys_flistxattr(int fd, uaddr_t list, u64 size)
{
    (void)list;
    (void)size;
    return refuse_fd(fd, 0);
}

long sys_removexattr(uaddr_t path, uaddr_t name)
{
    (void)name;
    return refuse_path(path, 0, -EOPNOTSUPP);
}

long sys_lremovexattr(uaddr_t path, uaddr_t name)
{
    (void)name;
    return refuse_path(path, PATH_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fremovexattr(int fd, uaddr_t name)
{
    (void)name;
    return refuse_fd(fd, -EOPNOTSUPP);
}
