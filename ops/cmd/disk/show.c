/* SPDX-License-Identifier: Apache-2.0 */
/* ls, tree and cat: what is in a disk. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/disk/place.h"
#include "ops/disk/disk.h"
#include "ops/output/plain.h"
#include "ops/output/table.h"
#include "ops/state/state.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *type_name(enum disk_type type)
{
    static const char *const names[] = {
        [DISK_DIR] = "dir",
        [DISK_FILE] = "file",
        [DISK_LINK] = "link",
        [DISK_OTHER] = "other",
    };

    return names[type];
}

/* "drwxr-xr-x", as ls has it. */
static void mode_format(char text[11], const struct disk_entry *entry)
{
    static const char types[] = {
        [DISK_DIR] = 'd', [DISK_FILE] = '-', [DISK_LINK] = 'l', [DISK_OTHER] = '?'
    };

    text[0] = types[entry->type];
    for (int i = 0; i < 9; i++)
        text[1 + i] = (char)(entry->mode & (0400u >> i) ? "rwx"[i % 3] : '-');
    text[10] = '\0';
}

static void name_print(const char *name)
{
    char *plain = xstrdup(name);

    plain_make(plain);
    fputs(plain, stdout);
    free(plain);
}

static const struct column columns[] = {
    { "mode", "MODE", COLUMN_TEXT },         { "uid", "UID", COLUMN_NUMBER },
    { "gid", "GID", COLUMN_NUMBER },         { "size", "SIZE", COLUMN_BYTES },
    { "modified", "MODIFIED", COLUMN_TIME }, { "name", "NAME", COLUMN_TEXT },
    { "type", NULL, COLUMN_TEXT },           { "path", NULL, COLUMN_TEXT },
    { "target", NULL, COLUMN_TEXT },         { 0 },
};

static int row_add(const struct disk_entry *entry, void *context, struct err *err)
{
    char mode[11];
    struct cell cells[] = {
        { .text = mode },
        { .number = entry->uid },
        { .number = entry->gid },
        { .number = (int64_t)entry->size },
        { .number = entry->modified_s },
        { .text = entry->name },
        { .text = type_name(entry->type) },
        { .text = entry->path },
        { .text = entry->target },
    };

    (void)err;
    mode_format(mode, entry);
    table_add(context, cells);
    return 0;
}

static int line_print(const struct disk_entry *entry, void *context, struct err *err)
{
    (void)context;
    (void)err;
    name_print(entry->name);
    printf("%s\n", entry->type == DISK_DIR ? "/" : "");
    return 0;
}

static int tree_print(const struct disk_entry *entry, void *context, struct err *err)
{
    (void)context;
    (void)err;
    printf("%*s", (int)entry->depth * 2, "");
    name_print(entry->name);
    if (entry->type == DISK_DIR)
        putchar('/');
    if (entry->target) {
        printf(" -> ");
        name_print(entry->target);
    }
    putchar('\n');
    return 0;
}

/* Rows of all that is walked. */
static int table_walk(struct disk *disk, const char *path, bool deep, struct err *err)
{
    struct table *table = table_create(columns);
    int status = disk_walk(disk, path, deep, row_add, table, err);

    if (status == 0)
        table_print(table, "It is empty.", stdout);
    table_destroy(table);
    return status;
}

static int disk_show(struct disk *disk, const struct disk_args *args, bool deep, struct err *err)
{
    const char *path = args->words.count > 1 ? args->words.items[1] : "/";

    if (ui.json || args->is_long)
        return table_walk(disk, path, deep, err);
    return disk_walk(disk, path, deep, deep ? tree_print : line_print, NULL, err);
}

static int show(struct disk_args *args, bool deep, struct err *err)
{
    struct err ignored = { 0 };
    struct place place;
    struct disk *disk = NULL;
    int status = place_find(&place, args->folder, args->words.items[0], false, err);

    if (status == 0)
        disk = disk_open(place.path, false, err);
    if (disk) {
        status = disk_show(disk, args, deep, err);
        (void)disk_close(disk, &ignored);
        if (status < 0)
            err_prefix(err, "cannot list '%s'", args->words.items[0]);
    }
    place_fini(&place);
    return disk ? status : -1;
}

static int ls(struct disk_args *args, struct err *err)
{
    return show(args, false, err);
}

static int tree(struct disk_args *args, struct err *err)
{
    return show(args, true, err);
}

static int cat(struct disk_args *args, struct err *err)
{
    struct err ignored = { 0 };
    struct place place;
    struct disk *disk = NULL;
    int status = place_find(&place, args->folder, args->words.items[0], false, err);

    if (status == 0)
        disk = disk_open(place.path, false, err);
    for (size_t i = 1; i < args->words.count && disk; i++) {
        struct err one = { 0 };

        if (disk_cat(disk, args->words.items[i], stdout, &one) < 0)
            status = ui_fail(status, &one, err);
    }
    if (disk)
        (void)disk_close(disk, &ignored);
    place_fini(&place);
    return disk ? status : -1;
}

int disk_cmd_look(enum state_folder folder, const struct cmd *self, int argc, char **argv,
                  struct err *err)
{
    static const struct {
        const char *name;
        struct words_limit limit;
        int (*fn)(struct disk_args *args, struct err *err);
    } looks[] = {
        { "cat", { .min = 2, .max = SIZE_MAX }, cat },
        { "cp", { .min = 2, .max = SIZE_MAX }, disk_cmd_cp },
        { "ls", { .min = 1, .max = 2 }, ls },
        { "tree", { .min = 1, .max = 2 }, tree },
    };
    size_t i = 0;

    while (strcmp(looks[i].name, self->name) != 0)
        i++;
    return disk_cmd_run(&(struct disk_call){ folder, looks[i].limit, looks[i].fn }, self, argc,
                        argv, err);
}
