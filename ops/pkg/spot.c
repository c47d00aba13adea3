/* SPDX-License-Identifier: Apache-2.0 */
/* openat2(2) is from Linux 5.6. Where it is missing, no link on the way is followed at all. */
#include "ops/pkg/spot.h"

#include "host/file.h"
#include "host/xmem.h"
#include "ops/pkg/made.h"
#include "ops/pkg/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syscall.h>
#include <unistd.h>

/* Part by part, for a kernel without openat2(). */
static int open_without_links(int top_fd, const char *path)
{
    int dir_fd = dup(top_fd);

    while (*path != '\0' && dir_fd >= 0) {
        size_t len = strcspn(path, "/");
        char *part = xstrndup(path, len);
        int next = openat(dir_fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int cause = errno;

        free(part);
        close(dir_fd);
        errno = cause;
        dir_fd = next;
        path += len;
        path += *path == '/';
    }
    return dir_fd;
}

static int open_beneath(int top_fd, const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd;

    do { /* EAGAIN: another process renamed something while a `..` of a link was followed. */
        fd = syscall(SYS_openat2, top_fd, *path ? path : ".", &how, sizeof(how));
    } while (fd < 0 && (errno == EAGAIN || errno == EINTR));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_without_links(top_fd, path);
    return (int)fd;
}

static const char *open_error(void)
{
    switch (errno) {
    case EXDEV:
    case ELOOP:
        return "leads through a link out of the archive";
    case ENOTDIR:
        return "leads through something that is no directory";
    case ENOENT:
        return "does not exist";
    default:
        return strerror(errno);
    }
}

/*
 * Opens a directory below the top, whose parent is there; it is made and counted in `*made` if it
 * is missing.
 */
static int dir_make(int top_fd, const char *path, unsigned *made)
{
    const char *slash = strrchr(path, '/');
    char *above = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
    const char *name = slash ? slash + 1 : path;
    int fd = open_beneath(top_fd, path);
    int parent = fd < 0 && errno == ENOENT ? open_beneath(top_fd, above) : -1;

    if (parent >= 0) {
        if (mkdirat(parent, name, 0755) == 0) {
            fd = open_beneath(parent, name);
            ++*made;
        }
        close(parent);
    }
    free(above);
    return fd;
}

/*
 * Opens a directory below the top; made with those above it unless `made`, which counts them, is
 * NULL. Returns -1 with `errno` set.
 */
static int dir_open(int top_fd, const char *path, unsigned *made)
{
    int fd = open_beneath(top_fd, path);
    const char *end = path;

    if (fd >= 0 || errno != ENOENT || !made)
        return fd;
    do {
        char *prefix;

        end = strchr(end + 1, '/');
        prefix = end ? xstrndup(path, (size_t)(end - path)) : xstrdup(path);
        if (fd >= 0)
            close(fd);
        fd = dir_make(top_fd, prefix, made);
        free(prefix);
    } while (end && fd >= 0);
    return fd;
}

const char *spot_open(struct spot *spot, int top_fd, const char *path, bool makes)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");

    spot->path = path;
    spot->name = slash ? slash + 1 : path;
    spot->made = 0;
    spot->dir_fd = dir_open(top_fd, dir, makes ? &spot->made : NULL);
    free(dir);
    return spot->dir_fd < 0 ? open_error() : NULL;
}

void spot_close(struct spot *spot)
{
    if (spot->dir_fd >= 0)
        close(spot->dir_fd);
    spot->dir_fd = -1;
}

static bool thing_clear(int dir_fd, const char *name, const char *path, const struct made *made,
                        int depth);

/* Returns whether nothing is left in it. Recursion is bounded by UNPACK_DEPTH_MAX. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool dir_clear(int fd, const char *path, const struct made *made, int depth)
{
    DIR *dir = fdopendir(fd);
    bool is_empty = true;
    const struct dirent *entry;

    if (!dir) {
        close(fd);
        return false;
    }
    for (entry = readdir(dir); entry; entry = readdir(dir)) {
        char *child;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        child = *path ? xasprintf("%s/%s", path, entry->d_name) : xstrdup(entry->d_name);
        is_empty = thing_clear(dirfd(dir), entry->d_name, child, made, depth + 1) && is_empty;
        free(child);
    }
    closedir(dir);
    return is_empty;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool thing_clear(int dir_fd, const char *name, const char *path, const struct made *made,
                        int depth)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool stays = made && made_has(made, path);

    if (fd >= 0) {
        if (depth > UNPACK_DEPTH_MAX + 1) {
            close(fd);
            return false;
        }
        if (!dir_clear(fd, path, made, depth) || stays)
            return false;
        return unlinkat(dir_fd, name, AT_REMOVEDIR) == 0;
    }
    if (stays)
        return false;
    return unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT;
}

void spot_clear(const struct spot *spot, const struct made *made)
{
    (void)thing_clear(spot->dir_fd, spot->name, spot->path, made, 0);
}

void spot_empty(const struct spot *spot, const struct made *made)
{
    size_t len = strlen(spot->path) - strlen(spot->name);
    char *path = xstrndup(spot->path, len > 0 ? len - 1 : 0);
    int fd = openat(spot->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        (void)dir_clear(fd, path, made, 0);
    free(path);
}

int pwrite_all(int fd, const void *bytes, size_t size, off_t off)
{
    return off < 0 ? -1 : file_write_at(fd, bytes, size, (uint64_t)off);
}
