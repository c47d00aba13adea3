/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants, whoever is killed when:
 *   1. What has a name is whole: it is built without one.
 *   2. A file is removed only by who holds its lock alone; who uses it holds the lock too. Then
 *      only its name goes: a machine that has it open keeps it.
 *   3. The key is the same before and after the files were read, so a file that changed meanwhile
 *      does not stay in the cache under the name of another content.
 * Nothing is synced. After a crash of this machine a file may have its name and not its content, so
 * the key counts from when the machine was started.
 */
#include "ops/store/cache.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/image/image.h"
#include "ops/state/state.h"
#include "ops/store/key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BUILD_TRIES = 3, /* While files change under us. */
};

static char *cache_dir(void)
{
    char *top = state_folder_path(STATE_CACHE);
    char *dir = xasprintf("%s/images", top);

    free(top);
    return dir;
}

/* Opens an image and keeps it from being removed. Returns the descriptor, or -1: there is none. */
static int image_hold(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat held;

    if (fd < 0)
        return -1;
    while (flock(fd, LOCK_SH) < 0 && errno == EINTR) {
    }
    if (fstat(fd, &held) == 0 && held.st_nlink > 0)
        return fd;
    close(fd); /* Removed while we waited. */
    return -1;
}

/* An image of the cache, when there is too much. */
struct victim {
    char *path;
    uint64_t bytes;
    struct timespec used;
};

struct victims {
    struct victim *items;
    size_t count;
    uint64_t bytes;
};

static void victims_fini(struct victims *victims)
{
    for (size_t i = 0; i < victims->count; i++)
        free(victims->items[i].path);
    free(victims->items);
}

static void victims_find(struct victims *victims)
{
    char *top = cache_dir();
    DIR *dir = opendir(top);
    struct dirent *entry;
    struct stat st;

    *victims = (struct victims){ 0 };
    while (dir && (entry = readdir(dir)) != NULL) {
        char *path = xasprintf("%s/%s", top, entry->d_name);

        if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
            free(path);
            continue;
        }
        victims->items = xrealloc(victims->items, victims->count + 1, sizeof(*victims->items));
        victims->items[victims->count++] = (struct victim){ .path = path,
                                                            .bytes = (uint64_t)st.st_blocks * 512,
                                                            .used = st.st_mtim };
        victims->bytes += (uint64_t)st.st_blocks * 512;
    }
    if (dir)
        closedir(dir);
    free(top);
}

static int victim_order(const void *left, const void *right)
{
    const struct victim *a = left;
    const struct victim *b = right;

    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
    return (a->used.tv_nsec > b->used.tv_nsec) - (a->used.tv_nsec < b->used.tv_nsec);
}

/* Removes an image unless somebody uses it. */
static bool victim_remove(const struct victim *victim)
{
    int fd = open(victim->path, O_RDONLY | O_CLOEXEC);
    bool removed = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && unlink(victim->path) == 0;

    if (fd >= 0)
        close(fd);
    return removed;
}

/* When this machine was started: no key of before is made again. */
static int64_t start_s(void)
{
    struct timespec now;
    struct timespec up;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    return now.tv_sec - up.tv_sec - 1;
}

/* Makes room, the least recently used first. */
static void cache_trim(void)
{
    struct victims victims;
    uint64_t limit = (uint64_t)CACHE_SIZE_MAX_MIB << 20;
    int64_t start = start_s();

    victims_find(&victims);
    if (victims.count > 1)
        qsort(victims.items, victims.count, sizeof(*victims.items), victim_order);
    for (size_t i = 0; i < victims.count; i++) {
        bool is_dead = victims.items[i].used.tv_sec < start;

        if ((is_dead || victims.bytes > limit) && victim_remove(&victims.items[i]))
            victims.bytes -= victims.items[i].bytes;
    }
    victims_fini(&victims);
}

void cache_usage(uint64_t *count, uint64_t *bytes)
{
    struct victims victims;

    victims_find(&victims);
    *count = victims.count;
    *bytes = victims.bytes;
    victims_fini(&victims);
}

/* Takes the image at `image->path` if it is there, and says when it was used last: now. */
static bool image_take(struct cache_image *image)
{
    image->lock_fd = image_hold(image->path);
    if (image->lock_fd < 0)
        return false;
    (void)futimens(image->lock_fd, NULL);
    return true;
}

static char *path_of(const char *key)
{
    char *dir = cache_dir();
    char *path = xasprintf("%s/%s.img", dir, key);

    free(dir);
    return path;
}

/* Builds the image that `key` names. Returns 1 when files changed under it: once more. */
static int image_build(struct cache_image *image, const struct image_spec *spec, const char *key,
                       struct err *err)
{
    char after[KEY_SIZE];
    int status;

    if (image_write(image->path, spec, &image->size, err) < 0)
        return -1;
    image->is_new = true;
    if (!image_take(image))
        return 1;
    status = key_make(after, spec, true, err);
    if (status == 0 && strcmp(key, after) == 0)
        return 0;
    (void)unlink(image->path);
    close(image->lock_fd);
    image->lock_fd = -1;
    return status < 0 ? -1 : 1;
}

/* One look, and if need be a build. Returns 1 to look again. */
static int image_try(struct cache_image *image, const struct image_spec *spec, bool looks_again,
                     struct err *err)
{
    char key[KEY_SIZE];

    if (key_make(key, spec, looks_again, err) < 0)
        return -1;
    free(image->path);
    image->path = path_of(key);
    return image_take(image) ? 0 : image_build(image, spec, key, err);
}

int cache_image_get(struct cache_image *image, const struct image_spec *spec, struct err *err)
{
    char *dir = cache_dir();
    int status = state_home_make(err);

    if (status == 0)
        status = dir_create(dir, err);
    *image = (struct cache_image){ .lock_fd = -1 };
    free(dir);
    if (status == 0)
        status = 1;
    for (int i = 0; i < BUILD_TRIES && status > 0; i++)
        status = image_try(image, spec, i > 0, err);
    if (status > 0)
        status = err_set(err, "files change while the image is built");
    if (status == 0 && image->is_new)
        cache_trim();
    if (status < 0)
        cache_image_put(image);
    return status;
}

void cache_image_put(struct cache_image *image)
{
    if (image->path && image->lock_fd >= 0)
        close(image->lock_fd);
    free(image->path);
    *image = (struct cache_image){ .lock_fd = -1 };
}
