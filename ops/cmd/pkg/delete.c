/* SPDX-License-Identifier: Apache-2.0 */
/* pkg delete: remove packages. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/disk/place.h"
#include "ops/pkg/package.h"
#include "ops/state/state.h"

#include <stdbool.h>
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

struct delete_args {
    bool yes;
};

/* Asks for all of them at once, if they are there. 1: go on, 0: not. */
static int delete_ask(const struct words *words, struct err *err)
{
    char *question;
    int answer;

    for (size_t i = 0; i < words->count; i++) {
        struct package package;

        if (package_find(&package, words->items[i], err) < 0)
            return err_prefix(err, "cannot delete '%s'", words->items[i]);
        package_fini(&package);
    }
    question = words->count == 1 ? xasprintf("delete package '%s'?", words->items[0])
                                 : xasprintf("delete %zu packages?", words->count);
    answer = disk_confirm(question, err);
    free(question);
    return answer;
}

static int delete_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = SIZE_MAX };
    struct delete_args args = { .yes = false };
    struct words words;
    int status = options_parse(&args, self, argc, argv, &words, limit, err);

    if (status == 0 && !args.yes) {
        int answer = delete_ask(&words, err);

        if (answer <= 0)
            return answer;
    }
    if (status != 0)
        return status;
    for (size_t i = 0; i < words.count; i++) {
        struct err one = { 0 };

        if (one_delete(words.items[i], &one) < 0) {
            err_prefix(&one, "cannot delete '%s'", words.items[i]);
            status = ui_fail(status, &one, err);
        }
    }
    return status;
}

static const struct option_spec delete_options[] = {
    { 'y', "yes", NULL, "do not ask", OPTION_FLAG, offsetof(struct delete_args, yes), NULL, false },
    { 0, "assume-yes", NULL, NULL, OPTION_FLAG, offsetof(struct delete_args, yes), NULL, false },
    { 'f', "force", NULL, NULL, OPTION_FLAG, offsetof(struct delete_args, yes), NULL, false },
    { 0 },
};
static const struct option_spec *const options[] = { delete_options, NULL };

const struct cmd cmd_pkg_delete = {
    .name = "delete",
    .usage = "[OPTION...] PACKAGE...",
    .about = "remove packages",
    .more = "PACKAGE is NAME or NAME:VERSION. NAME alone means the newest version. Asks first;\n"
            "where nobody can be asked, --yes is needed. Images that were made of it stay.",
    .examples = "  ops pkg delete nginx:1.25 --yes",
    .options = options,
    .run = delete_run,
};
