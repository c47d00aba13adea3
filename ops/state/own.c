/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/state/own.h"

#include "host/err.h"
#include "host/xmem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static const char lock_name[] = ".lock";

/* Locks a folder's file, as a sign that its ops lives. Returns the lock, or -1: not to be had. */
static int own_lock(const char *path, int flags)
{
    char *file = xasprintf("%s/%s", path, lock_name);
    int fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

    free(file);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void own_dirs_sweep(enum state_folder folder)
{
    char *top = state_folder_path(folder);
    DIR *dir = opendir(top);
    struct dirent *entry;
    struct err ignored;

    while (dir && (entry = readdir(dir)) != NULL) {
        char *path;
        int fd;

        if (entry->d_name[0] == '.')
            continue;
        path = xasprintf("%s/%s", top, entry->d_name);
        /* Made if it is not there: its ops died in between, or was about to remove it. */
        fd = own_lock(path, O_CREAT);
        if (fd >= 0) {
            (void)state_remove(path, &ignored);
            close(fd);
        }
        free(path);
    }
    if (dir)
        closedir(dir);
    free(top);
}

/*
 * One ops at a time makes its folder and removes stale ones: a folder that has just been made is
 * not locked yet, and must not be taken for one whose ops has died.
 */
int own_dir_open(struct own_dir *dir, enum state_folder folder, struct err *err)
{
    struct state_lock lock;
    int status = 0;

    *dir = (struct own_dir){ 0 };
    if (state_lock(&lock, folder, err) < 0)
        return -1;
    dir->path = state_path(folder, "XXXXXX", "");
    if (!mkdtemp(dir->path)) {
        status = err_set_errno(err, "cannot make a folder like '%s'", dir->path);
    } else {
        dir->lock_fd = own_lock(dir->path, O_CREAT);
        if (dir->lock_fd < 0) {
            status = err_set_errno(err, "cannot lock '%s'", dir->path);
            (void)rmdir(dir->path);
        }
    }
    state_unlock(&lock);
    if (status < 0) {
        free(dir->path);
        *dir = (struct own_dir){ 0 };
    }
    return status;
}

void own_dir_close(struct own_dir *dir)
{
    struct err ignored;

    if (!dir->path)
        return;
    (void)state_remove(dir->path, &ignored);
    close(dir->lock_fd);
    free(dir->path);
    *dir = (struct own_dir){ 0 };
}

char *own_dir_file(const struct own_dir *dir, const char *name)
{
    return xasprintf("%s/%s", dir->path, name);
}
