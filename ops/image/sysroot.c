/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/sysroot.h"

#include "host/strings.h"
#include "host/xmem.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes the last part off `path`, which stays "" at the top. */
static void part_drop(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        *slash = '\0';
}

/* The next part of `*left`, to be freed, which is moved behind it. NULL at the end. */
static char *part_take(const char **left)
{
    const char *start = *left + strspn(*left, "/");
    size_t len = strcspn(start, "/");

    *left = start + len;
    return len > 0 ? xstrndup(start, len) : NULL;
}

/* Replaces `*text`, which came from malloc. */
static void replace(char **text, char *with)
{
    free(*text);
    *text = with;
}

/*
 * One part more: `*reached` grows by it, or, if it is a link, `*left` becomes its target and what
 * was left. Returns false when there are too many links.
 */
static bool step(const char *root, char **reached, const char *part, const char *behind,
                 char **left, int *links)
{
    char target[PATH_MAX];
    char *here = xasprintf("%s/%s", *reached, part);
    char *path = xasprintf("%s%s", root, here);
    ssize_t len = readlink(path, target, sizeof(target) - 1);

    free(path);
    if (len <= 0) {
        replace(reached, here);
        replace(left, xstrdup(behind));
        return true;
    }
    free(here);
    target[len] = '\0';
    if (target[0] == '/')
        **reached = '\0';
    replace(left, xasprintf("%s/%s", target, behind));
    return ++*links <= SYSROOT_LINKS_MAX;
}

char *sysroot_resolve(const char *root, const char *path)
{
    char *reached;
    char *left;
    char *part;
    const char *behind;
    int links = 0;
    bool good = true;

    if (strcmp(root, "/") == 0)
        return xstrdup(path);
    reached = xstrdup("");
    left = xstrdup(path);
    behind = left;
    part = part_take(&behind);
    while (part && good) {
        if (strcmp(part, ".") == 0) {
            replace(&left, xstrdup(behind));
        } else if (strcmp(part, "..") == 0) {
            part_drop(reached);
            replace(&left, xstrdup(behind));
        } else {
            good = step(root, &reached, part, behind, &left, &links);
        }
        free(part);
        behind = left;
        part = part_take(&behind);
    }
    free(part);
    free(left);
    replace(&reached, good ? xasprintf("%s%s", root, reached) : xstrdup(root));
    return reached;
}

static int names_order(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Adds PATH/NAME for the names in `path` that match `part`. */
static void dir_match(struct strings *found, const char *root, const char *path, const char *part)
{
    char *source = sysroot_resolve(root, *path ? path : "/");
    DIR *dir = opendir(source);
    size_t first = found->count;
    struct dirent *entry;

    free(source);
    if (!dir)
        return;
    for (entry = readdir(dir); entry; entry = readdir(dir)) {
        if (fnmatch(part, entry->d_name, FNM_PERIOD) == 0)
            strings_addf(found, "%s/%s", path, entry->d_name);
    }
    closedir(dir);
    if (found->count > first)
        qsort(found->items + first, found->count - first, sizeof(char *), names_order);
}

static bool is_pattern(const char *part)
{
    return strpbrk(part, "*?[") != NULL;
}

void sysroot_glob(struct strings *found, const char *root, const char *pattern)
{
    struct strings paths = { 0 };
    char *part;

    strings_add(&paths, "");
    while ((part = part_take(&pattern)) != NULL) {
        struct strings longer = { 0 };

        for (size_t i = 0; i < paths.count; i++) {
            if (is_pattern(part)) {
                dir_match(&longer, root, paths.items[i], part);
            } else {
                strings_addf(&longer, "%s/%s", paths.items[i], part);
            }
        }
        strings_fini(&paths);
        paths = longer;
        free(part);
    }
    for (size_t i = 0; i < paths.count; i++) {
        char *source = sysroot_resolve(root, paths.items[i]);
        struct stat st;

        /* The root itself stands for links without an end. */
        if (strcmp(source, root) != 0 && lstat(source, &st) == 0)
            strings_add(found, paths.items[i]);
        free(source);
    }
    strings_fini(&paths);
}
