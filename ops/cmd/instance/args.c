/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cmd/instance/args.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/number.h"
#include "ops/cli/ui.h"
#include "ops/config/settings.h"
#include "ops/output/table.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    NS_PER_S = 1000000000,
    TIME_S_MAX = 7 * 24 * 60 * 60,
};

int instance_time_set(void *field, const char *value, struct err *err)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = { { "", 1000 },   { "s", 1000 },    { "ms", 1 },
                  { "m", 60000 }, { "min", 60000 }, { "h", 3600000 } };
    size_t digits = strspn(value, "0123456789");
    char *number = xstrndup(value, digits);
    uint64_t parsed = 0;
    int status = number_parse(&parsed, number, (uint64_t)TIME_S_MAX * 1000, err);

    free(number);
    for (size_t i = 0; status == 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(value + digits, units[i].unit) != 0)
            continue;
        if (parsed * units[i].ms > (uint64_t)TIME_S_MAX * 1000)
            return err_set(err, "%s is more than a week", value);
        *(uint64_t *)field = parsed * units[i].ms;
        return 0;
    }
    return err_set(err, "'%s' is not a time: say 10s, 500ms or 2m", value);
}

const struct option_spec instance_options_target[] = {
    { 't', "target-cloud", "NAME", "where the instances are; onprem is this machine", OPTION_TEXT,
      offsetof(struct instance_args, target), NULL, false },
    { 0 },
};

const struct option_spec instance_options_grace[] = {
    { 0, "grace", "TIME", "how long the program has to end by itself; 10s unless given",
      OPTION_CALL, offsetof(struct instance_args, grace_ms), instance_time_set, false },
    { 0 },
};

int instance_args_parse(struct instance_args *args, const struct cmd *self, int argc, char **argv,
                        struct words_limit limit, struct err *err)
{
    int status;

    *args = (struct instance_args){ .grace_ms = INSTANCE_GRACE_MS };
    status = options_parse(args, self, argc, argv, &args->words, limit, err);
    if (status != 0)
        return status;
    args->provider = provider_find(args->target ? args->target : "onprem", err);
    return args->provider ? 0 : CMD_USAGE;
}

void instance_args_fini(struct instance_args *args)
{
    free(args->target);
    *args = (struct instance_args){ .target = NULL };
}

int instance_each(const struct instance_args *args, const char *verb, const char *done,
                  int (*fn)(const struct instance_args *args, const char *name, struct err *err),
                  struct err *err)
{
    int status = 0;

    for (size_t i = 0; i < args->words.count; i++) {
        const char *name = args->words.items[i];
        struct err one = { 0 };

        if (fn(args, name, &one) < 0) {
            (void)err_prefix(&one, "cannot %s '%s'", verb, name);
            status = ui_fail(status, &one, err);
        } else {
            ui_note("instance '%s' %s", name, done);
        }
    }
    return status;
}

int instance_settings_check(const struct settings *settings, struct err *err)
{
    const struct {
        bool is_wanted;
        const char *what;
    } refused[] = {
        { settings->timeout_s > 0, "--timeout" },
        { settings->dry_run, "--dry-run" },
        { settings->at_exit != NULL, "AtExit" },
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (refused[i].is_wanted) {
            return err_set(err,
                           "%s needs somebody who stays with the machine\nhint: `ops run`, without "
                           "--background",
                           refused[i].what);
        }
    }
    return 0;
}

const struct provider_instance *instance_find(const struct provider *provider, const char *name,
                                              struct provider_instances *instances, struct err *err)
{
    *instances = (struct provider_instances){ 0 };
    if (!provider->instance_list) {
        (void)provider_lacks(provider, "list instances", err);
        return NULL;
    }
    if (provider->instance_list(instances, err) < 0)
        return NULL;
    for (size_t i = 0; i < instances->count; i++) {
        if (strcmp(instances->items[i].name, name) == 0)
            return &instances->items[i];
    }
    err_set(err, "there is no instance '%s'\nhint: `ops instance list` shows those there are",
            name);
    return NULL;
}

static const struct column columns[] = {
    { "name", "NAME", COLUMN_TEXT },
    { "state", "STATE", COLUMN_TEXT },
    { "exit_status", "EXIT", COLUMN_NUMBER },
    { "id", "ID", COLUMN_TEXT },
    { "image", "IMAGE", COLUMN_TEXT },
    { "uptime", "UPTIME", COLUMN_SPAN },
    { "restarts", "RESTARTS", COLUMN_NUMBER },
    { "ports", "PORTS", COLUMN_TEXT },
    { "address", NULL, COLUMN_TEXT },
    { "gdb", NULL, COLUMN_TEXT },
    { "reason", NULL, COLUMN_TEXT },
    { "created", NULL, COLUMN_TIME },
    { "started", NULL, COLUMN_TIME },
    { "ended", NULL, COLUMN_TIME },
    { 0 },
};

static const struct column record_columns[] = {
    { "name", "name", COLUMN_TEXT },
    { "state", "state", COLUMN_TEXT },
    { "exit_status", "exit status", COLUMN_NUMBER },
    { "id", "id", COLUMN_TEXT },
    { "image", "image", COLUMN_TEXT },
    { "uptime", "uptime", COLUMN_SPAN },
    { "restarts", "restarts", COLUMN_NUMBER },
    { "ports", "ports", COLUMN_TEXT },
    { "address", "address", COLUMN_TEXT },
    { "gdb", "gdb", COLUMN_TEXT },
    { "reason", "reason", COLUMN_TEXT },
    { "created", "created", COLUMN_TIME },
    { "started", "started", COLUMN_TIME },
    { "ended", "ended", COLUMN_TIME },
    { 0 },
};

static int64_t uptime_ns(const struct provider_instance *instance)
{
    bool is_up = instance->state != INSTANCE_EXITED && instance->state != INSTANCE_FAILED;
    int64_t until = is_up ? (int64_t)time(NULL) : instance->ended_s;

    if (instance->started_s == 0 || until < instance->started_s)
        return CELL_NONE;
    return (until - instance->started_s) * NS_PER_S;
}

static void row_add(struct table *table, const struct provider_instance *instance)
{
    struct cell cells[] = {
        { .text = instance->name },
        { .text = instance_state_name(instance->state) },
        { .number = instance->exit_status >= 0 ? instance->exit_status : CELL_NONE },
        { .text = instance->id },
        { .text = instance->image },
        { .number = uptime_ns(instance) },
        { .number = instance->restarts },
        { .text = instance->ports },
        { .text = instance->address },
        { .text = instance->gdb },
        { .text = instance->reason },
        { .number = instance->created_s },
        { .number = instance->started_s },
        { .number = instance->ended_s },
    };

    table_add(table, cells);
}

void instance_list_print(const struct provider_instances *instances)
{
    struct table *table = table_create(columns);

    for (size_t i = 0; i < instances->count; i++)
        row_add(table, &instances->items[i]);
    table_sort(table);
    table_print(table, "There are no instances.", stdout);
    table_destroy(table);
}

void instance_print(const struct provider_instance *instance)
{
    struct table *table = table_create(record_columns);

    row_add(table, instance);
    table_print_record(table, stdout);
    table_destroy(table);
}
