/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/provider/local/item.h"

#include "host/err.h"
#include "host/new_file.h"
#include "host/xmem.h"
#include "ops/disk/disk.h"
#include "ops/disk/sparse.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *item_kind(enum state_folder folder)
{
    return folder == STATE_VOLUMES ? "volume" : "image";
}

static int missing(enum state_folder folder, const char *name, struct err *err)
{
    const char *kind = item_kind(folder);

    return err_set(err, "there is no %s '%s'\nhint: `ops %s list` shows those there are", kind,
                   name, kind);
}

static bool is_in_tmp(const char *path)
{
    char *tmp = state_folder_path(STATE_TMP);
    size_t len = strlen(tmp);
    bool is = strncmp(path, tmp, len) == 0 && path[len] == '/';

    free(tmp);
    return is;
}

/* Renames a disk of ours to its place, when it is on the disk. */
static int disk_move(const char *path, const char *place, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int status = 0;

    if (fd < 0 || fdatasync(fd) < 0 || rename(path, place) < 0)
        status = err_set_errno(err, "cannot write '%s'", place);
    if (fd >= 0)
        close(fd);
    return status;
}

/* Copies somebody's disk to its place. */
static int disk_copy(const char *path, const char *place, struct err *err)
{
    struct new_file file;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int status;

    if (fd < 0)
        return err_set_errno(err, "cannot read '%s'", path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        status = err_set(err, "'%s' is not a regular file", path);
    } else {
        status = new_file_open(&file, place, 0600, err);
        if (status == 0) {
            status = sparse_copy(file.fd, 0, fd, 0, (uint64_t)st.st_size, err);
            if (status == 0)
                status = new_file_keep(&file, true, err);
            new_file_drop(&file);
        }
    }
    close(fd);
    return status;
}

static int description_write(enum state_folder folder, const char *name, struct err *err)
{
    char *path = state_path(folder, name, ".json");
    char *text = xasprintf("{\"created\": %lld}\n", (long long)time(NULL));
    int status = state_write(path, text, err);

    free(text);
    free(path);
    return status;
}

static int create_locked(enum state_folder folder, const char *name, const char *path, bool replace,
                         struct err *err)
{
    char *place = state_path(folder, name, ".img");
    const char *kind = item_kind(folder);
    int status;

    if (!replace && access(place, F_OK) == 0) {
        status = err_set(err, "there is %s %s '%s' already\nhint: `ops %s delete %s` removes it",
                         *kind == 'i' ? "an" : "a", kind, name, kind, name);
    } else {
        status = description_write(folder, name, err);
        if (status == 0)
            status = is_in_tmp(path) ? disk_move(path, place, err) : disk_copy(path, place, err);
    }
    free(place);
    return status;
}

int item_create(enum state_folder folder, const char *name, const char *path, bool replace,
                struct err *err)
{
    struct state_lock lock = { 0 };
    int status = state_name_check(item_kind(folder), name, err);

    if (status == 0)
        status = state_lock(&lock, folder, err);
    if (status == 0)
        status = create_locked(folder, name, path, replace, err);
    state_unlock(&lock);
    return status;
}

/* When it was made, by its description; else by its disk. */
static int64_t created_read(enum state_folder folder, const char *name, const struct stat *st)
{
    char *path = state_path(folder, name, ".json");
    json_t *json = json_load_file(path, 0, NULL);
    const json_t *created = json_object_get(json, "created");
    int64_t seconds = json_is_integer(created) ? json_integer_value(created) : st->st_mtime;

    json_decref(json);
    free(path);
    return seconds;
}

int item_read(struct item *item, enum state_folder folder, const char *name, struct err *err)
{
    struct stat st;

    *item = (struct item){ 0 };
    if (state_name_check(item_kind(folder), name, err) < 0)
        return -1;
    item->path = state_path(folder, name, ".img");
    if (stat(item->path, &st) < 0)
        return missing(folder, name, err);
    item->size = (uint64_t)st.st_size;
    item->used = (uint64_t)st.st_blocks * 512;
    item->created_s = created_read(folder, name, &st);
    return 0;
}

void item_fini(struct item *item)
{
    free(item->path);
    *item = (struct item){ 0 };
}

/* The disk first: a description alone is rubbish. */
static int delete_locked(enum state_folder folder, const char *name, struct err *err)
{
    char *disk = state_path(folder, name, ".img");
    char *description = state_path(folder, name, ".json");
    int status = 0;

    if (unlink(disk) < 0) {
        status = errno == ENOENT ? missing(folder, name, err)
                                 : err_set_errno(err, "cannot remove '%s'", disk);
    } else {
        (void)unlink(description);
    }
    free(description);
    free(disk);
    return status;
}

int item_delete(enum state_folder folder, const char *name, struct err *err)
{
    struct state_lock lock = { 0 };
    int status = state_name_check(item_kind(folder), name, err);

    if (status == 0)
        status = state_lock(&lock, folder, err);
    if (status == 0)
        status = delete_locked(folder, name, err);
    state_unlock(&lock);
    return status;
}

int item_resize(enum state_folder folder, const char *name, uint64_t size, struct err *err)
{
    struct state_lock lock = { 0 };
    struct item item;
    int status = item_read(&item, folder, name, err);

    if (status == 0)
        status = state_lock(&lock, folder, err);
    if (status == 0)
        status = disk_resize(item.path, size, err);
    state_unlock(&lock);
    item_fini(&item);
    return status;
}
