/* SPDX-License-Identifier: Apache-2.0 */
/* pkg delete: remove packages. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/pkg/package.h"
#include "ops/state/state.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Out of the folder in one step; what is behind may take its time, or be swept up later. */
static int folder_remove(const char *path, struct err *err)
{
    char *rubbish = state_tmp("package", err);
    struct state_lock lock;
    int status = rubbish ? state_lock(&lock, STATE_PACKAGES, err) : -1;

    if (status == 0) {
        if (rename(path, rubbish) < 0)
            status = err_set_errno(err, "cannot remove '%s'", path);
        state_unlock(&lock);
    }
    if (status == 0)
        status = state_remove(rubbish, err);
    free(rubbish);
    return status;
}

static int one_delete(const char *word, struct err *err)
{
    struct package package;
    int status;

    if (package_find(&package, word, err) < 0)
        return -1;
    status = folder_remove(package.path, err);
    if (status == 0)
        ui_note("package '%s' is deleted", package.folder);
    package_fini(&package);
    return status;
}

static int delete_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = SIZE_MAX };
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, limit, err);

    for (size_t i = 0; i < words.count && status == 0; i++) {
        if (one_delete(words.items[i], err) < 0)
            status = err_prefix(err, "cannot delete '%s'", words.items[i]);
    }
    return status;
}

const struct cmd cmd_pkg_delete = {
    .name = "delete",
    .usage = "PACKAGE...",
    .about = "remove packages",
    .more = "PACKAGE is NAME or NAME:VERSION. NAME alone means the newest version. Images that\n"
            "were made of it stay.",
    .examples = "  ops pkg delete nginx:1.25",
    .run = delete_run,
};
