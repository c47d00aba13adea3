/* SPDX-License-Identifier: Apache-2.0 */
#include "host/file.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fd_map(struct file_map *map, int fd, struct err *err)
{
    struct stat st;
    void *bytes;

    if (fstat(fd, &st) < 0)
        return err_set_errno(err, "cannot look at it");
    if (S_ISDIR(st.st_mode))
        return err_set(err, "it is a directory");
    if (!S_ISREG(st.st_mode))
        return err_set(err, "it is not a regular file");
    *map = (struct file_map){ .size = (size_t)st.st_size };
    if (map->size == 0)
        return 0;
    bytes = mmap(NULL, map->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return err_set_errno(err, "cannot map it");
    map->bytes = bytes;
    return 0;
}

int file_map_open(struct file_map *map, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int status;

    if (fd < 0)
        return err_set(err, "%s", strerror(errno));
    status = fd_map(map, fd, err);
    close(fd);
    return status;
}

void file_map_close(struct file_map *map)
{
    if (map->bytes)
        munmap((void *)(uintptr_t)map->bytes, map->size);
    *map = (struct file_map){ 0 };
}

char *file_read_text(const char *path, size_t size_max)
{
    FILE *file = fopen(path, "re");
    char *text;
    size_t len;

    if (!file)
        return NULL;
    text = xcalloc(size_max + 2, 1);
    len = fread(text, 1, size_max + 1, file);
    if (ferror(file) || len > size_max) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

int file_write_at(int fd, const void *bytes, size_t size, uint64_t off)
{
    const uint8_t *next = bytes;

    while (size > 0) {
        ssize_t written = pwrite(fd, next, size, (off_t)off);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        next += written;
        off += (uint64_t)written;
        size -= (size_t)written;
    }
    return 0;
}

int dir_create(const char *path, struct err *err)
{
    char *copy = xstrdup(path);
    int status = 0;

    for (char *end = copy + 1; status == 0 && end[-1] != '\0'; end++) {
        char old = *end;

        if (old != '/' && old != '\0')
            continue;
        *end = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            status = err_set_errno(err, "cannot make directory '%s'", copy);
        *end = old;
    }
    free(copy);
    return status;
}

void dir_remove(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (!dir)
        return;
    while ((entry = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    (void)rmdir(path);
}

/* Adds the parts of `path` to `parts`, where `..` takes one away. */
static void parts_add(struct strings *parts, const char *path)
{
    while (*path != '\0') {
        size_t len = strcspn(path, "/");

        if (len == 2 && strncmp(path, "..", 2) == 0) {
            if (parts->count > 0)
                free(parts->items[--parts->count]);
        } else if (len > 0 && !(len == 1 && *path == '.')) {
            strings_take(parts, xstrndup(path, len));
        }
        path += len;
        path += strspn(path, "/");
    }
}

char *path_normalize(const char *base, const char *path)
{
    struct strings parts = { 0 };
    size_t size = 2;
    char *joined;
    char *end;

    if (path[0] != '/')
        parts_add(&parts, base);
    parts_add(&parts, path);

    for (size_t i = 0; i < parts.count; i++)
        size += strlen(parts.items[i]) + 1;
    joined = xcalloc(size, 1);
    joined[0] = '/';
    end = joined;
    for (size_t i = 0; i < parts.count; i++)
        end += snprintf(end, size - (size_t)(end - joined), "/%s", parts.items[i]);
    strings_fini(&parts);
    return joined;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    if (slash == path)
        return xstrdup("/");
    return xstrndup(path, (size_t)(slash - path));
}
