/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that name files: open and what changes the tree. stat.c has those that describe. */
#include "kernel/fs/path.h"
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/stat.h"
#include "kernel/core/mutex.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/file_io.h"
#include "kernel/task/signal.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

static u32 program_umask = 022; /* [atomic] */

static u32 current_umask(void)
{
    return __atomic_load_n(&program_umask, __ATOMIC_RELAXED); /* A number by itself. */
}

long sys_umask(u32 mask)
{
    return (long)__atomic_exchange_n(&program_umask, mask & 0777, __ATOMIC_RELAXED);
}

/* ---- open. ---- */

/* What open(2) has ever known; open() ignores other bits, openat2() refuses them. */
#define OPEN_KNOWN                                                                         \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC | \
     O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | \
     O_SYNC | O_PATH | O_TMPFILE)

static int flags_ok(u32 flags)
{
    if (flags & O_PATH)
        return 0;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return (flags & O_ACCMODE) == O_RDONLY ? -EINVAL : -EOPNOTSUPP;
    if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        return -EINVAL;
    return 0;
}

static long open_at(int dirfd, uaddr_t path, u32 flags, u32 mode, u32 resolve)
{
    struct user_place place;
    struct file *file;
    long result;

    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    result = flags_ok(flags);
    if (result == 0) {
        result = resolve & PATH_IN_ROOT ? user_place_init_scoped(&place, dirfd, path)
                                        : user_place_init(&place, dirfd, path);
    }
    if (result < 0)
        return result;
    result = path_open_resolved(place.base, place.path, flags, mode & 07777 & ~current_umask(),
                                resolve, &file);
    user_place_fini(&place);
    if (result < 0)
        return signal_restartable(result);

    result = fdtable_insert(current_fdtable(), file, 0, (flags & O_CLOEXEC) != 0);
    if (result < 0)
        file_put(file);
    return result;
}

long sys_openat(int dirfd, uaddr_t path, int flags, u32 mode)
{
    return open_at(dirfd, path, ((u32)flags & OPEN_KNOWN) | O_LARGEFILE, mode, 0);
}

long sys_open(uaddr_t path, int flags, u32 mode)
{
    return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(uaddr_t path, u32 mode)
{
    return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* Copies a struct that may be longer than the one we know, as long as the rest is 0. */
static int copy_in_how(struct linux_open_how *how, uaddr_t from, u64 size)
{
    if (size < sizeof(*how))
        return -EINVAL;
    if (size > 4096)
        return -E2BIG;
    for (u64 off = sizeof(*how); off < size; off++) {
        u8 byte;
        int err = copy_in(&byte, from + off, 1);

        if (err < 0 || byte != 0)
            return err < 0 ? err : -E2BIG;
    }
    return copy_in(how, from, sizeof(*how));
}

/* enum path_flags for RESOLVE_ bits: 0, or -EINVAL for what is not known or makes no sense. */
static int resolve_flags(u64 resolve, u32 *flags)
{
    static const struct {
        u64 resolve;
        u32 path;
    } pairs[] = {
        { RESOLVE_NO_XDEV, PATH_NO_CROSSING },     { RESOLVE_NO_MAGICLINKS, PATH_NO_MAGIC_LINKS },
        { RESOLVE_NO_SYMLINKS, PATH_NO_SYMLINKS }, { RESOLVE_BENEATH, PATH_BENEATH },
        { RESOLVE_IN_ROOT, PATH_IN_ROOT },
    };

    *flags = 0;
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        if (resolve & pairs[i].resolve)
            *flags |= pairs[i].path;
        resolve &= ~pairs[i].resolve;
    }
    if (resolve & ~(u64)RESOLVE_CACHED ||
        (*flags & (PATH_BENEATH | PATH_IN_ROOT)) == (PATH_BENEATH | PATH_IN_ROOT))
        return -EINVAL;
    return 0;
}

static int how_ok(const struct linux_open_how *how)
{
    const u64 path_known = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

    if ((how->flags & ~(u64)OPEN_KNOWN) || (how->mode & ~(u64)07777))
        return -EINVAL;
    if (how->mode != 0 && !(how->flags & O_CREAT))
        return -EINVAL;
    return how->flags & O_PATH && how->flags & ~path_known ? -EINVAL : 0;
}

long sys_openat2(int dirfd, uaddr_t path, uaddr_t how_at, u64 size)
{
    struct linux_open_how how;
    u32 resolve = 0;
    int err = copy_in_how(&how, how_at, size);

    if (err == 0)
        err = how_ok(&how);
    if (err == 0)
        err = resolve_flags(how.resolve, &resolve);
    if (err < 0)
        return err;
    if (how.resolve & RESOLVE_CACHED)
        return -EAGAIN; /* Always allowed: the caller asks again without it. */
    return open_at(dirfd, path, (u32)how.flags | O_LARGEFILE, (u32)how.mode, resolve);
}

/* ---- The tree. ---- */

long sys_mkdirat(int dirfd, uaddr_t path, u32 mode)
{
    struct user_place place;
    long result = user_place_init(&place, dirfd, path);

    if (result < 0)
        return result;
    result = path_mkdir(place.base, place.path, mode & ~current_umask());
    user_place_fini(&place);
    return result;
}

long sys_mkdir(uaddr_t path, u32 mode)
{
    return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_unlinkat(int dirfd, uaddr_t path, int flags)
{
    struct user_place place;
    long result;

    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    result = user_place_init(&place, dirfd, path);
    if (result < 0)
        return result;
    if (flags & AT_REMOVEDIR) {
        result = path_rmdir(place.base, place.path);
    } else {
        result = path_unlink(place.base, place.path);
    }
    user_place_fini(&place);
    return result;
}

long sys_unlink(uaddr_t path)
{
    return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(uaddr_t path)
{
    return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

long sys_renameat2(int from_dirfd, uaddr_t from, int to_dirfd, uaddr_t to, u32 flags)
{
    struct user_place old;
    struct user_place new;
    long result = user_place_init(&old, from_dirfd, from);

    if (result < 0)
        return result;
    result = user_place_init(&new, to_dirfd, to);
    if (result == 0) {
        result = path_rename(old.base, old.path, new.base, new.path, flags);
        user_place_fini(&new);
    }
    user_place_fini(&old);
    return result;
}

long sys_renameat(int from_dirfd, uaddr_t from, int to_dirfd, uaddr_t to)
{
    return sys_renameat2(from_dirfd, from, to_dirfd, to, 0);
}

long sys_rename(uaddr_t from, uaddr_t to)
{
    return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_linkat(int from_dirfd, uaddr_t from, int to_dirfd, uaddr_t to, int flags)
{
    u32 walk = flags & AT_SYMLINK_FOLLOW ? 0 : PATH_NOFOLLOW;
    struct user_place place;
    struct path_node *node;
    long result;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH)
        walk |= PATH_EMPTY;
    result = user_find(from_dirfd, from, walk, &node);
    if (result < 0)
        return result;
    result = user_place_init(&place, to_dirfd, to);
    if (result == 0) {
        result = path_link(node, place.base, place.path);
        user_place_fini(&place);
    }
    path_node_put(node);
    return result;
}

long sys_link(uaddr_t from, uaddr_t to)
{
    return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_symlinkat(uaddr_t target, int dirfd, uaddr_t path)
{
    struct user_place text;
    struct user_place place;
    long result = user_place_init(&text, AT_FDCWD, target);

    if (result < 0)
        return result;
    result = user_place_init(&place, dirfd, path);
    if (result == 0) {
        result = path_symlink(place.base, place.path, text.path);
        user_place_fini(&place);
    }
    user_place_fini(&text);
    return result;
}

long sys_symlink(uaddr_t target, uaddr_t path)
{
    return sys_symlinkat(target, AT_FDCWD, path);
}

static bool may_make(u32 type)
{
    return type == S_IFREG || type == S_IFIFO || type == S_IFSOCK || type == S_IFCHR ||
           type == S_IFBLK;
}

long sys_mknodat(int dirfd, uaddr_t path, u32 mode, u64 device)
{
    struct user_place place;
    long result;

    if ((mode & S_IFMT) == 0)
        mode |= S_IFREG;
    if ((mode & S_IFMT) == S_IFDIR)
        return -EPERM;
    if (!may_make(mode & S_IFMT))
        return -EINVAL;
    result = user_place_init(&place, dirfd, path);
    if (result < 0)
        return result;
    result = path_create(place.base, place.path, mode & ~current_umask(), device, NULL);
    user_place_fini(&place);
    return result;
}

long sys_mknod(uaddr_t path, u32 mode, u64 device)
{
    return sys_mknodat(AT_FDCWD, path, mode, device);
}

/* ---- The current directory. ---- */

long sys_chdir(uaddr_t path)
{
    struct path_node *node;
    int err = user_find(AT_FDCWD, path, PATH_DIRECTORY, &node);

    if (err < 0)
        return err;
    path_set_current(node);
    path_node_put(node);
    return 0;
}

long sys_fchdir(int fd)
{
    struct path_node *node;
    int err;

    if (fd == AT_FDCWD)
        return -EBADF;
    err = user_base(fd, &node);
    if (err < 0)
        return err;
    if (inode_type(path_node_inode(node)) == S_IFDIR) {
        path_set_current(node);
    } else {
        err = -ENOTDIR;
    }
    path_node_put(node);
    return err;
}

long sys_getcwd(uaddr_t buffer, u64 size)
{
    struct path_node *node = path_current();
    char *text = heap_alloc(PATH_SIZE_MAX);
    long len = text && node ? path_node_text(node, text, PATH_SIZE_MAX) : -ENOMEM;

    if (len >= 0 && path_node_is_deleted(node))
        len = -ENOENT;
    if (len >= 0 && (u64)len + 1 > size)
        len = -ERANGE;
    if (len >= 0 && copy_out(buffer, text, (size_t)len + 1) < 0)
        len = -EFAULT;
    heap_free(text);
    path_node_put(node);
    return len < 0 ? len : len + 1;
}

long sys_chroot(uaddr_t path)
{
    struct path_node *node;
    int err = user_find(AT_FDCWD, path, PATH_DIRECTORY, &node);

    if (err < 0)
        return err;
    path_node_put(node);
    return -EPERM;
}

/* ---- Listing. ---- */

enum {
    RECORD_SIZE_MAX = 288, /* Of one entry: the struct, a name of NAME_LEN_MAX, its NUL, padding. */
};

struct listing {
    uaddr_t buffer;
    u32 size;
    u32 used;
    u64 next_off;
    bool is_64;
    int err;
};

/* getdents64: type before the name. getdents: type in the record's last byte. */
static u32 make_record(const struct listing *listing, u8 *record, const char *name, u32 name_len,
                       u64 ino, u64 next_off, u8 type)
{
    struct linux_dirent64 *entry64 = (void *)record;
    struct linux_dirent *entry = (void *)record;
    u32 head = listing->is_64 ? sizeof(*entry64) : sizeof(*entry);
    u32 size = (u32)align_up(head + name_len + (listing->is_64 ? 1 : 2), 8);

    mem_zero(record, size);
    mem_copy(record + head, name, name_len);
    entry64->d_ino = ino;
    entry64->d_off = (s64)next_off;
    entry64->d_reclen = (u16)size;
    if (listing->is_64) {
        entry64->d_type = type;
    } else {
        record[size - 1] = type;
    }
    return size;
}

static bool list_emit(void *arg, const char *name, u32 name_len, u64 ino, u64 next_off, u8 type)
{
    struct listing *listing = arg;
    u8 record[RECORD_SIZE_MAX] __attribute__((aligned(8)));
    u32 size;

    if (name_len > NAME_LEN_MAX)
        return true; /* Nobody could name it anyway. */
    size = make_record(listing, record, name, name_len, ino, next_off, type);
    if (size > listing->size - listing->used) {
        if (listing->used == 0)
            listing->err = -EINVAL;
        return false;
    }
    listing->err = copy_out(listing->buffer + listing->used, record, size);
    if (listing->err < 0)
        return false;
    listing->used += size;
    listing->next_off = next_off;
    return true;
}

static long list_file(struct file *file, struct listing *listing)
{
    int err;

    if (!file->ops->list)
        return -ENOTDIR;
    if (inode_type(file->inode) == S_IFDIR && file->inode->link_count == 0)
        return -ENOENT;
    mutex_lock(&file->position_lock);
    listing->next_off = file->position;
    err = file->ops->list(file, file->position, list_emit, listing);
    file->position = listing->next_off;
    mutex_unlock(&file->position_lock);
    if (listing->used > 0)
        return listing->used;
    return listing->err < 0 ? listing->err : err;
}

static long list_fd(int fd, uaddr_t buffer, u32 size, bool is_64)
{
    struct listing listing = { .buffer = buffer, .size = size, .is_64 = is_64 };
    struct file *file = fdtable_get_opened(current_fdtable(), fd);
    long result;

    if (!file)
        return -EBADF;
    result = list_file(file, &listing);
    file_put(file);
    return result;
}

long sys_getdents64(int fd, uaddr_t buffer, u32 size)
{
    return list_fd(fd, buffer, size, true);
}

long sys_getdents(int fd, uaddr_t buffer, u32 size)
{
    return list_fd(fd, buffer, size, false);
}
