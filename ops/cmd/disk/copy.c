/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cp, between a disk and this machine. A word NAME:/PATH is on a disk; where that stands says which
 * way it goes. Without one it is OPS' form, NAME SOURCE... TARGET, which copies out.
 */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/disk/place.h"
#include "ops/disk/disk.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The name in front of `:/`, to be freed, with `*path` set to what is behind; NULL: none. */
static char *disk_word(const char *word, const char **path)
{
    const char *colon = strstr(word, ":/");

    if (!colon || colon == word)
        return NULL;
    *path = colon + 1;
    return xstrndup(word, (size_t)(colon - word));
}

static bool is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int usage(struct err *err, const char *why)
{
    err_set(err, "%s", why);
    return CMD_USAGE;
}

static int copy_out(const struct disk_args *args, const char *name, char **sources, size_t count,
                    const char *target, struct err *err)
{
    struct err ignored = { 0 };
    struct place place;
    struct disk *disk = NULL;
    int status = 0;

    if (count > 1 && !is_dir(target))
        return err_set(err, "'%s' is no directory, and there is more than one source", target);
    if (place_find(&place, args->folder, name, false, err) == 0)
        disk = disk_open(place.path, false, err);
    for (size_t i = 0; i < count && disk && status == 0; i++) {
        const char *path = sources[i];

        free(disk_word(sources[i], &path));
        status = disk_copy_out(disk, path, target, args->deep, args->follows, err);
    }
    if (disk)
        (void)disk_close(disk, &ignored);
    place_fini(&place);
    return disk ? status : -1;
}

static int copy_in(const struct disk_args *args, const char *name, char **sources, size_t count,
                   const char *target, struct err *err)
{
    struct place place;
    struct disk *disk = NULL;
    int status = 0;

    if (place_find(&place, args->folder, name, true, err) == 0)
        disk = disk_open(place.path, true, err);
    for (size_t i = 0; i < count && disk && status == 0; i++)
        status = disk_copy_in(disk, sources[i], target, args->deep, args->follows, err);
    if (disk && status == 0) {
        status = disk_close(disk, err);
    } else if (disk) {
        disk_discard(disk);
    }
    place_fini(&place);
    return disk ? status : -1;
}

/* All sources are of the disk that the first one names. */
static int sources_check(const char *name, char **sources, size_t count, struct err *err)
{
    for (size_t i = 1; i < count; i++) {
        const char *path;
        char *other = disk_word(sources[i], &path);
        bool same = other && strcmp(other, name) == 0;

        free(other);
        if (!same)
            return usage(err, "the sources lie on different disks");
    }
    return 0;
}

int disk_cmd_cp(struct disk_args *args, struct err *err)
{
    char **words = args->words.items;
    size_t last = args->words.count - 1;
    const char *path;
    char *from = disk_word(words[0], &path);
    char *to = disk_word(words[last], &path);
    int status;

    if (from && to) {
        status = usage(err, "source and target both lie on a disk");
    } else if (to) {
        status = copy_in(args, to, words, last, path, err);
    } else if (from) {
        status = sources_check(from, words, last, err);
        if (status == 0)
            status = copy_out(args, from, words, last, words[last], err);
    } else if (last < 2) {
        status = usage(err, "nothing of it lies on a disk, as NAME:/PATH does");
    } else {
        status = copy_out(args, words[0], words + 1, last - 1, words[last], err);
    }
    free(from);
    free(to);
    return status;
}
