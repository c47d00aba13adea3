/* SPDX-License-Identifier: Apache-2.0 */
/* delete, for images and volumes: by name, by age, after asking. */
#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/disk/place.h"
#include "ops/provider/local/item.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int disk_confirm(const char *question, struct err *err)
{
    char answer[16];

    if (!isatty(STDIN_FILENO))
        return err_set(err, "nobody can be asked whether to go on\nhint: --yes says so");
    fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(answer, sizeof(answer), stdin))
        return 0;
    return answer[0] == 'y' || answer[0] == 'Y';
}

static bool is_old(const struct disk_args *args, const struct disk_victim *victim)
{
    return args->older_s == 0 || victim->created_s + (int64_t)args->older_s <= time(NULL);
}

static const struct disk_victim *victim_find(const struct disk_victim *all, size_t count,
                                             const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    }
    return NULL;
}

/* Adds the names that are to go. Returns -1 with `err` set when one that is given is not there. */
static int names_choose(struct strings *names, const struct disk_args *args,
                        const struct disk_victim *all, size_t count, struct err *err)
{
    const char *kind = item_kind(args->folder);
    int status = 0;

    for (size_t i = 0; i < args->words.count; i++) {
        const struct disk_victim *victim = victim_find(all, count, args->words.items[i]);

        if (!victim) {
            struct err one;

            err_set(&one, "there is no %s '%s'\nhint: `ops %s list` shows those there are", kind,
                    args->words.items[i], kind);
            status = ui_fail(status, &one, err);
        } else if (is_old(args, victim) && !strings_has(names, victim->name))
            strings_add(names, victim->name);
    }
    for (size_t i = 0; i < count && args->words.count == 0; i++) {
        if (is_old(args, &all[i]))
            strings_add(names, all[i].name);
    }
    return status;
}

static int ask(const struct disk_args *args, const struct strings *names, struct err *err)
{
    char *question;
    int answer;

    if (args->yes)
        return 1;
    if (names->count == 1) {
        question = xasprintf("delete %s '%s'?", item_kind(args->folder), names->items[0]);
    } else {
        for (size_t i = 0; i < names->count; i++)
            fprintf(stderr, "  %s\n", names->items[i]);
        question = xasprintf("delete these %zu %ss?", names->count, item_kind(args->folder));
    }
    answer = disk_confirm(question, err);
    free(question);
    return answer;
}

int disk_cmd_delete(struct disk_args *args, const struct disk_victim *all, size_t count,
                    int (*delete_one)(const char *name, struct err *err), struct err *err)
{
    struct strings names = { 0 };
    int status;

    if (args->words.count == 0 && args->older_s == 0) {
        err_set(err, "neither a name nor --older-than is given");
        return CMD_USAGE;
    }
    status = names_choose(&names, args, all, count, err);
    if (names.count > 0) {
        struct err one = { 0 };
        int answer = ask(args, &names, &one);

        if (answer < 0)
            status = ui_fail(status, &one, err);
        for (size_t i = 0; i < names.count && answer > 0; i++) {
            if (delete_one(names.items[i], &one) < 0) {
                err_prefix(&one, "cannot delete '%s'", names.items[i]);
                status = ui_fail(status, &one, err);
            } else {
                ui_note("%s '%s' is deleted", item_kind(args->folder), names.items[i]);
            }
        }
    }
    strings_fini(&names);
    return status;
}
