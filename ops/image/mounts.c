/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/mounts.h"

#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/image/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const mounts_tmpfs[] = {
    "/tmp", "/run", "/var/tmp", "/var/log", "/dev/shm", NULL,
};

const char *const mounts_points[] = {
    "/proc",    "/sys",     "/dev",         "/tmp",        "/run",
    "/var/tmp", "/var/log", "/etc/soliton", "/lost+found", NULL,
};

/* Mounted by the kernel without being told. */
static const char *const kernel_mounts[] = { "/proc", "/sys", "/dev", NULL };

static bool is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    while (len > 0 && dir[len - 1] == '/')
        len--;
    return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static const char *list_find(const char *const *list, const char *path)
{
    for (; *list; list++) {
        if (is_below(path, *list))
            return *list;
    }
    return NULL;
}

const char *mounts_find(const struct settings *settings, const char *path)
{
    const char *mount = list_find(mounts_tmpfs, path);

    if (!mount)
        mount = list_find(kernel_mounts, path);
    for (size_t i = 0; i < settings->tmpfs.count && !mount; i++) {
        if (is_below(path, settings->tmpfs.items[i]))
            mount = settings->tmpfs.items[i];
    }
    return mount;
}

bool mounts_is_kernels(const char *path)
{
    return list_find(kernel_mounts, path) != NULL;
}

/* One mount, and what it hides. */
struct hidden {
    const struct settings *settings;
    const char *mount;
    char *first;
    size_t count;
};

static int node_count(struct tree_node *node, void *context, struct err *err)
{
    struct hidden *hidden = context;
    char *path;

    (void)err;
    if (node->type == TREE_DIR)
        return 0;
    path = tree_path(node);
    if (mounts_find(hidden->settings, path) == hidden->mount) {
        hidden->count++;
        if (!hidden->first) {
            hidden->first = path;
            return 0;
        }
    }
    free(path);
    return 0;
}

static void mount_note(const struct settings *settings, struct tree *tree, const char *mount,
                       struct strings *notes)
{
    struct hidden hidden = { .settings = settings, .mount = mount };
    struct tree_node *top = tree_find(tree, mount);
    char *note;

    if (top)
        (void)tree_walk_below(top, node_count, &hidden, NULL);
    if (hidden.count == 0)
        return;
    note = xasprintf("the program will not see '%s'%s: the machine mounts something else at '%s'",
                     hidden.first, hidden.count > 1 ? " and what is beside it" : "", mount);
    strings_add(notes, note);
    free(note);
    free(hidden.first);
}

void mounts_note_hidden(const struct settings *settings, struct tree *tree, struct strings *notes)
{
    for (const char *const *mount = mounts_tmpfs; *mount; mount++)
        mount_note(settings, tree, *mount, notes);
    for (const char *const *mount = kernel_mounts; *mount; mount++)
        mount_note(settings, tree, *mount, notes);
    for (size_t i = 0; i < settings->tmpfs.count; i++)
        mount_note(settings, tree, settings->tmpfs.items[i], notes);
}
