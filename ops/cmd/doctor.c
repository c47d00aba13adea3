/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: say what ops misses on this machine. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/doctor/checks.h"
#include "ops/output/table.h"

#include <stddef.h>
#include <stdio.h>

static const struct column columns[] = {
    { "check", "CHECK", COLUMN_TEXT },   { "state", "STATE", COLUMN_TEXT },
    { "detail", "DETAIL", COLUMN_TEXT }, { "fix", NULL, COLUMN_TEXT },
    { NULL, NULL, COLUMN_TEXT },
};

struct findings {
    struct table *table;
    size_t missing;
};

static void finding_add(const struct check *check, void *context)
{
    struct findings *findings = context;

    findings->missing += check->state == CHECK_MISSING;
    table_add(findings->table, (const struct cell[]){
                                   { .text = check->name },
                                   { .text = check_state_name(check->state) },
                                   { .text = check->detail },
                                   { .text = check->fix },
                               });
    if (ui.json)
        return;
    printf("%-9s %-10s %s\n", check_state_name(check->state), check->name, check->detail);
    if (check->fix)
        printf("%-9s %-10s -> %s\n", "", "", check->fix);
}

static int doctor_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct findings findings = { .missing = 0 };
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, (struct words_limit){ 0 }, err);

    if (status != 0)
        return status;
    findings.table = table_create(columns);
    checks_run(finding_add, &findings);
    if (ui.json)
        table_print(findings.table, "", stdout);
    table_destroy(findings.table);
    return findings.missing > 0;
}

const struct cmd cmd_doctor = {
    .name = "doctor",
    .usage = "[OPTION...]",
    .about = "say what ops misses on this machine, and how to get it",
    .more = "Looks at QEMU, KVM, the kernel, OPS_HOME and what single commands want, and prints a "
            "line for each: ok, optional (some commands want it) or missing (nothing works without "
            "it), with the command that helps.\n\n"
            "Exits with 1 when something is missing. It changes nothing.",
    .examples = "ops doctor\nops doctor --json",
    .run = doctor_run,
};
