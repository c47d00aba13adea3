/* SPDX-License-Identifier: Apache-2.0 */
/* version: say which ops this is, and which kernel it has. */
#include "ops/cli/version.h"
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/image/kernel.h"
#include "ops/output/table.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static const struct column columns[] = {
    { "version", NULL, COLUMN_TEXT },
    { "kernel", NULL, COLUMN_TEXT },
    { "kernel_id", NULL, COLUMN_TEXT },
    { NULL, NULL, COLUMN_TEXT },
};

static void version_print_json(const struct kernel_files *files, const char *id)
{
    struct table *table = table_create(columns);

    table_add(table, (const struct cell[]){
                         { .text = version_text },
                         { .text = id ? files->kernel : NULL },
                         { .text = id },
                     });
    table_print_record(table, stdout);
    table_destroy(table);
}

static int version_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct kernel_files files = { 0 };
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, (struct words_limit){ 0 }, err);
    struct err ignored;
    char *id;

    if (status != 0)
        return status;
    id = kernel_files_find(&files, NULL, &ignored) == 0 ? kernel_id(files.kernel) : NULL;
    if (ui.json) {
        version_print_json(&files, id);
    } else {
        printf("ops %s\nkernel %s\n", version_text, id ? id : "not found");
    }
    free(id);
    kernel_files_fini(&files);
    return 0;
}

const struct cmd cmd_version = {
    .name = "version",
    .usage = "[OPTION...]",
    .about = "say which version this is",
    .more = "The kernel is named by the first letters of its SHA-256.",
    .run = version_run,
};
