/* SPDX-License-Identifier: Apache-2.0 */
#include "host/new_file.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A name beside the target that no other process makes. To be freed. */
static char *name_beside(const char *target)
{
    return xasprintf("%s.%ld.tmp", target, (long)getpid());
}

int new_file_open(struct new_file *file, const char *target, mode_t mode, struct err *err)
{
    char *dir = path_dir(target);

    *file = (struct new_file){ .fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, mode) };
    if (file->fd >= 0) {
        file->path = xasprintf("/proc/self/fd/%d", file->fd);
    } else if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
        file->path = name_beside(target);
        file->is_named = true;
        file->fd = open(file->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    }
    if (file->fd < 0) {
        err_set_errno(err, "cannot make a file in '%s'", dir);
        free(file->path);
        *file = (struct new_file){ .fd = -1 };
        free(dir);
        return -1;
    }
    free(dir);
    file->target = xstrdup(target);
    return 0;
}

/* Gives the file a name beside the target; where nothing is in the way, the target's own. */
static int link_make(struct new_file *file)
{
    char *name;

    if (linkat(AT_FDCWD, file->path, AT_FDCWD, file->target, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    if (errno != EEXIST)
        return -1;
    name = name_beside(file->target);
    (void)unlink(name);
    if (linkat(AT_FDCWD, file->path, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0) {
        free(name);
        return -1;
    }
    free(file->path);
    file->path = name;
    file->is_named = true;
    return 0;
}

static int file_name(struct new_file *file, bool synced)
{
    if (synced && fdatasync(file->fd) < 0)
        return -1;
    if (!file->is_named && link_make(file) < 0)
        return -1;
    if (!file->is_named)
        return 0;
    if (rename(file->path, file->target) < 0)
        return -1;
    file->is_named = false;
    return 0;
}

static void dir_sync(const char *path)
{
    char *dir = path_dir(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(dir);
}

int new_file_keep(struct new_file *file, bool synced, struct err *err)
{
    int status = file_name(file, synced);

    if (status < 0) {
        err_set_errno(err, "cannot write '%s'", file->target);
    } else if (synced) {
        dir_sync(file->target);
    }
    new_file_drop(file);
    return status;
}

void new_file_drop(struct new_file *file)
{
    if (file->is_named)
        (void)unlink(file->path);
    if (file->fd >= 0 && file->path)
        close(file->fd);
    free(file->path);
    free(file->target);
    *file = (struct new_file){ .fd = -1 };
}
