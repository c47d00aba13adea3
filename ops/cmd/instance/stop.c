/* SPDX-License-Identifier: Apache-2.0 */
/* instance stop: ask programs to end, and end their machines. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stddef.h>
#include <stdint.h>

static int one_stop(const struct instance_args *args, const char *name, struct err *err)
{
    return args->provider->instance_stop(name, args->grace_ms, err);
}

static int stop_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = SIZE_MAX };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0 && !args.provider->instance_stop)
        status = provider_lacks(args.provider, "stop instances", err);
    if (status == 0)
        status = instance_each(&args, "stop", "is stopped", one_stop, err);
    instance_args_fini(&args);
    return status;
}

static const struct option_spec *const options[] = { instance_options_grace,
                                                     instance_options_target, NULL };

const struct cmd cmd_instance_stop = {
    .name = "stop",
    .usage = "[OPTION...] NAME...",
    .about = "ask programs to end, and end their machines",
    .more = "Presses the machine's power button: the program gets SIGTERM. When it has not ended "
            "after the grace\n"
            "time, its machine is ended all the same. The instance stays and can be started again.",
    .examples = "  ops instance stop web-1\n"
                "  ops instance stop --grace 60s db",
    .options = options,
    .run = stop_run,
};
