/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/fd and fdinfo: the descriptor table as a directory. */
#include "kernel/fs/procfs/proc_fd.h"

#include "abi/linux/errors.h"
#include "kernel/file/epoll.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/path_node.h"
#include "kernel/fs/procfs.h"
#include "kernel/mm/heap.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

/* A descriptor travels as the `arg` of an item. */
static void *fd_arg(u64 fd)
{
    return (void *)(uintptr_t)fd; /* NOLINT: never dereferenced. */
}

static struct file *arg_file(void *arg)
{
    return fdtable_get(current_fdtable(), (int)(uintptr_t)arg);
}

/* ---- fd. ---- */

/* The name of a file that no path leads to. */
static void bare_name(const struct file *file, struct text *text)
{
    if (file->inode) {
        text_format(text, "/memfd:%s (deleted)", (const char *)file->data);
    } else if (str_equal(file->ops->name, "pipe") || str_equal(file->ops->name, "socket")) {
        text_format(text, "%s:[%llu]", file->ops->name, (unsigned long long)file_number(file));
    } else {
        text_format(text, "%s", file->ops->name);
    }
}

long file_text(struct file *file, char *target, size_t size)
{
    struct text text;
    long len;

    if (file->path) {
        char *path = heap_alloc(PATH_SIZE_MAX);

        if (!path)
            return -ENOMEM;
        len = path_node_text(file->path, path, PATH_SIZE_MAX);
        if (len > 0) {
            len = (long)size_min((size_t)len, size);
            mem_copy(target, path, (size_t)len);
        }
        heap_free(path);
        return len;
    }
    text_init(&text, target, size);
    bare_name(file, &text);
    return (long)text.len;
}

static long fd_link(char *target, size_t size, void *arg)
{
    struct file *file = arg_file(arg);
    long len;

    if (!file)
        return -ENOENT;
    len = file_text(file, target, size);
    file_put(file);
    return len;
}

/* A file with a path is opened anew; another, which cannot be, is shared as dup() would. */
static int fd_open(void *arg, u32 flags, struct file **opened)
{
    struct file *file = arg_file(arg);
    int err = 0;

    if (!file)
        return -ENOENT;
    if (file->path && !(file_flags(file) & FILE_PATH)) {
        err = node_open(file->path, flags & ~(u32)0100, opened); /* O_CREAT: it is there. */
        file_put(file);
        return err;
    }
    *opened = file;
    return 0;
}

static bool is_open(const char *name, u32 len, u64 *fd)
{
    struct file *file;

    if (!procfs_parse_number(name, len, fd) || *fd >= FDTABLE_SIZE_MAX)
        return false;
    file = fdtable_get(current_fdtable(), (int)*fd);
    if (!file)
        return false;
    file_put(file);
    return true;
}

static int fd_lookup(void *arg, const char *name, u32 len, struct procfs_item *item)
{
    u64 fd;

    (void)arg;
    if (!is_open(name, len, &fd))
        return -ENOENT;
    item->kind = PROCFS_LINK;
    item->arg = fd_arg(fd);
    item->link = fd_link;
    item->open = fd_open;
    return 0;
}

static bool fd_next(void *arg, u64 *position, char name[PROC_NAME_MAX])
{
    struct text text;
    int fd;

    (void)arg;
    if (*position >= FDTABLE_SIZE_MAX)
        return false;
    fd = fdtable_next(current_fdtable(), (int)*position);
    if (fd < 0)
        return false;
    *position = (u64)fd;
    text_init(&text, name, PROC_NAME_MAX);
    text_format(&text, "%d", fd);
    return true;
}

static const struct procfs_children fd_children = {
    .lookup = fd_lookup,
    .next = fd_next,
};

/* ---- fdinfo. ---- */

static void show_epoll_item(void *arg, int fd, u32 events, u64 data)
{
    proc_printf(arg, "tfd: %8d events: %8x data: %16llx\n", fd, events, (unsigned long long)data);
}

static void show_fdinfo(struct proc_output *out, void *arg)
{
    struct file *file = arg_file(arg);
    u32 flags;

    if (!file)
        return;
    flags = file_flags(file);
    proc_printf(out, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%d\nino:\t%llu\n",
                (unsigned long long)file->position,
                (flags & FILE_WRITABLE ? (flags & FILE_READABLE ? 2u : 1u) : 0u) |
                    (flags & FILE_NONBLOCK ? 04000u : 0u) | (flags & FILE_APPEND ? 02000u : 0u),
                1, (unsigned long long)(file->inode ? file->inode->number : file_number(file)));
    if (epoll_is(file))
        epoll_for_each(file, show_epoll_item, out);
    file_put(file);
}

static int fdinfo_lookup(void *arg, const char *name, u32 len, struct procfs_item *item)
{
    u64 fd;

    (void)arg;
    if (!is_open(name, len, &fd))
        return -ENOENT;
    item->kind = PROCFS_FILE;
    item->arg = fd_arg(fd);
    item->show = show_fdinfo;
    return 0;
}

static const struct procfs_children fdinfo_children = {
    .lookup = fdinfo_lookup,
    .next = fd_next,
};

/* ---- cwd, root. ---- */

static long cwd_link(char *target, size_t size, void *arg)
{
    struct path_node *node = path_current();
    char *path = heap_alloc(PATH_SIZE_MAX);
    long len = node && path ? path_node_text(node, path, PATH_SIZE_MAX) : -ENOMEM;

    (void)arg;
    if (len > 0) {
        len = (long)size_min((size_t)len, size);
        mem_copy(target, path, (size_t)len);
    }
    heap_free(path);
    path_node_put(node);
    return len;
}

static long root_link(char *target, size_t size, void *arg)
{
    (void)arg;
    if (size > 0)
        *target = '/';
    return 1;
}

void proc_fd_add(void)
{
    procfs_add_children("1/fd", &fd_children, NULL);
    procfs_add_children("1/fdinfo", &fdinfo_children, NULL);
    procfs_add_link("1/cwd", cwd_link, NULL);
    procfs_add_link("1/root", root_link, NULL);
}
