/* SPDX-License-Identifier: Apache-2.0 */
/* profile: say what ops works with here. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/version.h"
#include "ops/doctor/tool.h"
#include "ops/image/kernel.h"
#include "ops/output/table.h"
#include "ops/state/state.h"
#include "ops/vm/accel.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static const struct column columns[] = {
    { "version", "ops", COLUMN_TEXT },
    { "kernel", "kernel", COLUMN_TEXT },
    { "kernel_id", "kernel id", COLUMN_TEXT },
    { "qemu", "QEMU", COLUMN_TEXT },
    { "qemu_version", "QEMU version", COLUMN_TEXT },
    { "arch", "arch", COLUMN_TEXT },
    { "accel", "accelerator", COLUMN_TEXT },
    { "home", "home", COLUMN_TEXT },
    { NULL, NULL, COLUMN_TEXT },
};

static void profile_print(const struct kernel_files *files, const char *qemu)
{
    struct table *table = table_create(columns);
    char *line = qemu ? tool_line(qemu, "--version") : NULL;
    char *qemu_version = line ? tool_version(line) : NULL;
    char *id = files->kernel ? kernel_id(files->kernel) : NULL;
    char *home = state_home();

    table_add(table, (const struct cell[]){
                         { .text = version_text },
                         { .text = files->kernel },
                         { .text = id },
                         { .text = qemu },
                         { .text = qemu_version },
                         { .text = "amd64" },
                         { .text = accel_kvm_works() ? "kvm" : "tcg" },
                         { .text = home },
                     });
    table_print_record(table, stdout);
    table_destroy(table);
    free(line);
    free(qemu_version);
    free(id);
    free(home);
}

static int profile_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct kernel_files files = { 0 };
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, (struct words_limit){ 0 }, err);
    struct err ignored;
    char *qemu;

    if (status != 0)
        return status;
    if (kernel_files_find(&files, NULL, &ignored) < 0) {
        kernel_files_fini(&files);
        files = (struct kernel_files){ 0 };
    }
    qemu = tool_find("qemu-system-x86_64");
    profile_print(&files, qemu);
    free(qemu);
    kernel_files_fini(&files);
    return 0;
}

const struct cmd cmd_profile = {
    .name = "profile",
    .usage = "[OPTION...]",
    .about = "say what ops works with: kernel, QEMU, accelerator, home",
    .run = profile_run,
};
