/* SPDX-License-Identifier: Apache-2.0 */
/* pkg contents: the files of a package. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/output/table.h"
#include "ops/pkg/package.h"

#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct column columns[] = {
    { "path", "PATH", COLUMN_TEXT },  { "type", "TYPE", COLUMN_TEXT },
    { "size", "SIZE", COLUMN_BYTES }, { "mode", NULL, COLUMN_TEXT },
    { "target", NULL, COLUMN_TEXT },  { 0 },
};

static int names_order(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

/* For people a line that can be as long as the path is; for programs a row. */
static void entry_show(struct table *table, const FTSENT *entry, const char *path)
{
    char target[PATH_MAX] = "";
    char mode[8];
    const char *type = entry->fts_info == FTS_D ? "dir" : "file";

    if (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE) {
        ssize_t len = readlink(entry->fts_accpath, target, sizeof(target) - 1);

        target[len > 0 ? len : 0] = '\0';
        type = "link";
    }
    if (!ui.json) {
        printf("%s%s%s%s\n", path, *type == 'd' ? "/" : "", *target ? " -> " : "", target);
        return;
    }
    snprintf(mode, sizeof(mode), "%04o", entry->fts_statp->st_mode & 07777);
    table_add(table, (struct cell[]){ { .text = path },
                                      { .text = type },
                                      { .number = entry->fts_statp->st_size },
                                      { .text = mode },
                                      { .text = *target ? target : NULL } });
}

static int contents_print(const struct package *package, struct err *err)
{
    char *sysroot = xasprintf("%s/sysroot", package->path);
    char *roots[] = { sysroot, NULL };
    struct table *table = table_create(columns);
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, names_order);
    const FTSENT *entry = walk ? fts_read(walk) : NULL;
    int status = walk ? 0 : err_set_errno(err, "cannot read '%s'", sysroot);

    for (; entry; entry = fts_read(walk)) {
        if (entry->fts_info != FTS_DP && entry->fts_level > 0)
            entry_show(table, entry, entry->fts_path + strlen(sysroot));
    }
    if (walk)
        (void)fts_close(walk);
    if (ui.json && status == 0)
        table_print(table, "", stdout);
    table_destroy(table);
    free(sysroot);
    return status;
}

static int contents_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct package package;
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, limit, err);

    if (status != 0)
        return status;
    if (package_find(&package, words.items[0], err) < 0)
        return -1;
    status = contents_print(&package, err);
    package_fini(&package);
    return status;
}

const struct cmd cmd_pkg_contents = {
    .name = "contents",
    .usage = "PACKAGE",
    .about = "show the files of a package",
    .examples = "  ops pkg contents nginx | grep '[.]conf$'",
    .run = contents_run,
};
