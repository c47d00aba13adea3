/* SPDX-License-Identifier: Apache-2.0 */
/* instance logs: what an instance prints. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

static int logs_print(const struct instance_args *args, struct err *err)
{
    const char *name = args->words.items[0];

    if (!args->provider->instance_logs)
        return provider_lacks(args->provider, "show what an instance prints", err);
    if (args->provider->instance_logs(name, args->follow, stdout, err) < 0)
        return err_prefix(err, "cannot show what '%s' prints", name);
    return 0;
}

static int logs_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0)
        status = logs_print(&args, err);
    instance_args_fini(&args);
    return status;
}

static const struct option_spec logs_options[] = {
    { 'f', "follow", NULL, "go on until the instance has ended", OPTION_FLAG,
      offsetof(struct instance_args, follow), NULL, false },
    { 'w', "watch", NULL, "the same", OPTION_FLAG, offsetof(struct instance_args, follow), NULL,
      false },
    { 0 },
};

static const struct option_spec *const options[] = { logs_options, instance_options_target, NULL };

const struct cmd cmd_instance_logs = {
    .name = "logs",
    .usage = "[OPTION...] NAME",
    .about = "show what an instance prints",
    .more = "It is what came since its last start, or the end of that: no more is kept than "
            "--log-size says\n"
            "when the instance is created, 16 MiB unless given. On this machine it is in\n"
            "$OPS_HOME/instances/NAME/console.log, and what came before in console.log.0. Up to\n"
            "half as much more is in console.log.1: the end of what came before that start.",
    .examples = "  ops instance logs web-1\n"
                "  ops instance logs -f web-1",
    .options = options,
    .run = logs_run,
};
