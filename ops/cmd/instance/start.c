/* SPDX-License-Identifier: Apache-2.0 */
/* instance start: start instances that have ended. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stddef.h>
#include <stdint.h>

static int one_start(const struct instance_args *args, const char *name, struct err *err)
{
    return args->provider->instance_start(name, err);
}

static int start_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = SIZE_MAX };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0 && !args.provider->instance_start)
        status = provider_lacks(args.provider, "start instances", err);
    if (status == 0)
        status = instance_each(&args, "start", "is started", one_start, err);
    instance_args_fini(&args);
    return status;
}

static const struct option_spec *const options[] = { instance_options_target, NULL };

const struct cmd cmd_instance_start = {
    .name = "start",
    .usage = "NAME...",
    .about = "start instances that have ended",
    .more = "They get the ports, memory, environment and secrets they were created with.",
    .examples = "  ops instance start web-1",
    .options = options,
    .run = start_run,
};
