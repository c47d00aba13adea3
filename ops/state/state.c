/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/state/state.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/state/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folder_names[] = {
    [STATE_IMAGES] = "images",     [STATE_VOLUMES] = "volumes", [STATE_INSTANCES] = "instances",
    [STATE_PACKAGES] = "packages", [STATE_CACHE] = "cache",     [STATE_RUN] = "run",
    [STATE_TMP] = "tmp",
};

char *state_home(void)
{
    const char *home = getenv("OPS_HOME");
    const struct passwd *user;

    if (home && *home != '\0')
        return xstrdup(home);
    home = getenv("HOME");
    if (!home || *home == '\0') {
        user = getpwuid(getuid());
        home = user ? user->pw_dir : "";
    }
    return xasprintf("%s/.ops", home);
}

char *state_folder_path(enum state_folder folder)
{
    char *home = state_home();
    char *path = xasprintf("%s/%s", home, folder_names[folder]);

    free(home);
    return path;
}

char *state_path(enum state_folder folder, const char *name, const char *suffix)
{
    char *top = state_folder_path(folder);
    char *path = xasprintf("%s/%s%s", top, name, suffix);

    free(top);
    return path;
}

int state_name_check(const char *what, const char *name, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";

    if (*name == '\0')
        return err_set(err, "the %s name is empty", what);
    if (strlen(name) > STATE_NAME_MAX) {
        return err_set(err, "%s name '%.16s...' has more than %d letters", what, name,
                       STATE_NAME_MAX);
    }
    if (*name == '.' || *name == '-' || name[strspn(name, letters)] != '\0') {
        return err_set(err,
                       "%s name '%s': it takes letters, digits, '-', '_' and '.', not '-' or '.' "
                       "first",
                       what, name);
    }
    return 0;
}

int state_home_make(struct err *err)
{
    char *home = state_home();
    int status = 0;

    if (access(home, F_OK) < 0) {
        status = dir_create(home, err);
        if (status == 0)
            (void)chmod(home, 0700);
    }
    free(home);
    return status;
}

static int folder_make(const char *path, struct err *err)
{
    int status = state_home_make(err);

    if (status == 0 && mkdir(path, 0700) < 0 && errno != EEXIST)
        status = err_set_errno(err, "cannot make directory '%s'", path);
    return status;
}

/* Invariant 3: a description whose disk is gone, or never came. */
static void lone_json_remove(enum state_folder folder)
{
    struct strings names = { 0 };
    struct err ignored;

    (void)state_list(&names, folder, ".json", &ignored);
    for (size_t i = 0; i < names.count; i++) {
        char *disk = state_path(folder, names.items[i], ".img");

        if (access(disk, F_OK) < 0 && errno == ENOENT) {
            char *json = state_path(folder, names.items[i], ".json");

            (void)unlink(json);
            free(json);
        }
        free(disk);
    }
    strings_fini(&names);
}

static int lock_take(struct state_lock *lock, enum state_folder folder, struct err *err)
{
    char *path = state_folder_path(folder);
    char *file = xasprintf("%s/.lock", path);
    int status = folder_make(path, err);
    int fd;

    if (status == 0) {
        fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        while (fd >= 0 && flock(fd, LOCK_EX) < 0) {
            if (errno != EINTR) {
                close(fd);
                fd = -1;
            }
        }
        if (fd < 0) {
            status = err_set_errno(err, "cannot lock '%s'", file);
        } else {
            lock->fd = fd;
        }
    }
    free(file);
    free(path);
    return status;
}

/* What was being made when its ops was killed. */
static void tmp_sweep(void)
{
    struct state_lock lock = { 0 };
    char *path = state_folder_path(STATE_TMP);
    struct err ignored;

    if (access(path, F_OK) == 0 && lock_take(&lock, STATE_TMP, &ignored) == 0)
        own_dirs_sweep(STATE_TMP);
    state_unlock(&lock);
    free(path);
}

/* The lock of `tmp` is the last to be taken: it is taken with others held. */
int state_lock(struct state_lock *lock, enum state_folder folder, struct err *err)
{
    *lock = (struct state_lock){ 0 };
    if (lock_take(lock, folder, err) < 0)
        return -1;
    if (folder == STATE_IMAGES || folder == STATE_VOLUMES)
        lone_json_remove(folder);
    if (folder == STATE_RUN || folder == STATE_TMP) {
        own_dirs_sweep(folder);
    } else {
        tmp_sweep();
    }
    return 0;
}

void state_unlock(struct state_lock *lock)
{
    if (lock->fd > 0)
        close(lock->fd);
    lock->fd = 0;
}

/* This process's folder in tmp, made when it is first needed. */
static struct own_dir tmp_own;
static pid_t tmp_owner;

static void tmp_close(void)
{
    if (tmp_owner == getpid())
        own_dir_close(&tmp_own);
}

char *state_tmp(const char *name, struct err *err)
{
    static unsigned count;

    if (!tmp_own.path) {
        if (own_dir_open(&tmp_own, STATE_TMP, err) < 0)
            return NULL;
        tmp_owner = getpid();
        (void)atexit(tmp_close);
    }
    return xasprintf("%s/%u-%s", tmp_own.path, count++, name);
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(struct strings *names, enum state_folder folder, const char *suffix, struct err *err)
{
    char *path = state_folder_path(folder);
    DIR *dir = opendir(path);
    struct dirent *entry;
    size_t suffix_len = strlen(suffix);
    int status = 0;

    if (!dir && errno != ENOENT)
        status = err_set_errno(err, "cannot read '%s'", path);
    while (dir && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);

        if (entry->d_name[0] != '.' && len > suffix_len &&
            strcmp(entry->d_name + len - suffix_len, suffix) == 0)
            strings_take(names, xstrndup(entry->d_name, len - suffix_len));
    }
    if (dir)
        closedir(dir);
    if (names->count > 0)
        qsort(names->items, names->count, sizeof(*names->items), name_compare);
    free(path);
    return status;
}

static int text_write(const char *path, const char *text, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int status = 0;

    if (fd < 0)
        return err_set_errno(err, "cannot make '%s'", path);
    if (file_write_at(fd, text, strlen(text), 0) < 0 || fsync(fd) < 0)
        status = err_set_errno(err, "cannot write '%s'", path);
    if (close(fd) < 0 && status == 0)
        status = err_set_errno(err, "cannot write '%s'", path);
    return status;
}

int state_write(const char *path, const char *text, struct err *err)
{
    char *temporary = state_tmp(path_base(path), err);
    int status;

    if (!temporary)
        return -1;
    status = text_write(temporary, text, err);
    if (status == 0 && rename(temporary, path) < 0)
        status = err_set_errno(err, "cannot rename '%s' to '%s'", temporary, path);
    if (status < 0)
        (void)unlink(temporary);
    free(temporary);
    return status;
}

/* Removes one thing of a walk; a directory is empty when it is left. */
static int entry_remove(const FTSENT *entry, struct err *err)
{
    switch (entry->fts_info) {
    case FTS_D: /* What is in a directory without rights cannot be removed. */
        if ((entry->fts_statp->st_mode & S_IRWXU) != S_IRWXU)
            (void)chmod(entry->fts_accpath, 0700);
        return 0;
    case FTS_DP:
        if (rmdir(entry->fts_accpath) == 0 || errno == ENOENT)
            return 0;
        break;
    default:
        if (unlink(entry->fts_accpath) == 0 || errno == ENOENT)
            return 0;
        break;
    }
    return err_set_errno(err, "cannot remove '%s'", entry->fts_path);
}

int state_remove(const char *path, struct err *err)
{
    char *copy = xstrdup(path);
    char *roots[] = { copy, NULL };
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    const FTSENT *entry;
    int status = 0;

    if (!walk)
        status = err_set_errno(err, "cannot remove '%s'", path);
    while (status == 0 && (entry = fts_read(walk)) != NULL)
        status = entry_remove(entry, err);
    if (walk)
        (void)fts_close(walk);
    free(copy);
    return status;
}
