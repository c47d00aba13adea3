/* SPDX-License-Identifier: Apache-2.0 */
/* instance stats: figures of instances that run. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/instance/args.h"
#include "ops/output/table.h"
#include "ops/provider/provider.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum {
    WATCH_S = 1,
};

static const struct column columns[] = {
    { "name", "NAME", COLUMN_TEXT },
    { "memory_used", "USED", COLUMN_BYTES },
    { "memory_total", "OF", COLUMN_BYTES },
    { "memory_host", "HOST", COLUMN_BYTES },
    { "cpu_seconds", "CPU TIME", COLUMN_SPAN },
    { "net_rx_bytes", "NET IN", COLUMN_BYTES },
    { "net_tx_bytes", "NET OUT", COLUMN_BYTES },
    { "disk_read_bytes", "READ", COLUMN_BYTES },
    { "disk_write_bytes", "WRITTEN", COLUMN_BYTES },
    { "cpu_count", NULL, COLUMN_NUMBER },
    { "uptime", NULL, COLUMN_SPAN },
    { 0 },
};

static struct cell number(int64_t value)
{
    return (struct cell){ .number = value >= 0 ? value : CELL_NONE };
}

static void row_add(struct table *table, const char *name, const struct provider_stats *stats)
{
    struct cell cells[] = {
        { .text = name },
        number(stats->memory_used),
        number(stats->memory_total),
        number(stats->memory_host),
        number(stats->cpu_ns),
        number(stats->net_rx_bytes),
        number(stats->net_tx_bytes),
        number(stats->disk_read_bytes),
        number(stats->disk_write_bytes),
        number(stats->cpu_count),
        number(stats->uptime_ns),
    };

    table_add(table, cells);
}

/* Adds those that run; one that ends meanwhile is no error. */
static int all_add(struct table *table, const struct provider *provider, struct err *err)
{
    struct provider_instances instances = { 0 };
    int status;

    if (!provider->instance_list)
        return provider_lacks(provider, "list instances", err);
    status = provider->instance_list(&instances, err);
    for (size_t i = 0; status == 0 && i < instances.count; i++) {
        struct provider_stats stats;
        struct err ignored;

        if (instances.items[i].state != INSTANCE_EXITED &&
            instances.items[i].state != INSTANCE_FAILED &&
            provider->instance_stats(instances.items[i].name, &stats, &ignored) == 0)
            row_add(table, instances.items[i].name, &stats);
    }
    provider_instances_fini(&instances);
    return status;
}

static int stats_print(const struct instance_args *args, struct err *err)
{
    struct table *table = table_create(columns);
    bool has_rows = false;
    int status = 0;

    if (args->words.count == 0)
        status = all_add(table, args->provider, err);
    for (size_t i = 0; i < args->words.count; i++) {
        struct provider_stats stats;
        struct err one = { 0 };

        if (args->provider->instance_stats(args->words.items[i], &stats, &one) == 0) {
            row_add(table, args->words.items[i], &stats);
            has_rows = true;
        } else {
            (void)err_prefix(&one, "cannot measure '%s'", args->words.items[i]);
            status = ui_fail(status, &one, err);
        }
    }
    if (status == 0 || has_rows) {
        if (args->follow && ui_draws())
            printf("\033[H\033[2J");
        table_print(table, "No instance is running.", stdout);
        (void)fflush(stdout);
    }
    table_destroy(table);
    return status;
}

static int stats_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .max = SIZE_MAX };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0 && !args.provider->instance_stats)
        status = provider_lacks(args.provider, "measure instances", err);
    if (status == 0)
        status = stats_print(&args, err);
    while (status == 0 && args.follow && !ferror(stdout)) {
        (void)sleep(WATCH_S);
        status = stats_print(&args, err);
    }
    instance_args_fini(&args);
    return status;
}

static const struct option_spec stats_options[] = {
    { 'w', "watch", NULL, "again every second, until interrupted", OPTION_FLAG,
      offsetof(struct instance_args, follow), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = { stats_options, instance_options_target, NULL };

const struct cmd cmd_instance_stats = {
    .name = "stats",
    .usage = "[OPTION...] [NAME...]",
    .about = "show memory, CPU, network and disk figures of instances",
    .more = "USED is what kernel and program use of the machine's memory, HOST what this computer "
            "holds\n"
            "for it. Without a name, of all that run.",
    .examples = "  ops instance stats\n"
                "  ops instance stats -w web-1\n"
                "  ops instance stats --json",
    .options = options,
    .run = stats_run,
};
