/* SPDX-License-Identifier: Apache-2.0 */
/* instance reboot: stop instances and start them again. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stddef.h>
#include <stdint.h>

static int one_reboot(const struct instance_args *args, const char *name, struct err *err)
{
    return args->provider->instance_reboot(name, args->grace_ms, err);
}

static int reboot_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = SIZE_MAX };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0 && !args.provider->instance_reboot)
        status = provider_lacks(args.provider, "reboot instances", err);
    if (status == 0)
        status = instance_each(&args, "reboot", "is started again", one_reboot, err);
    instance_args_fini(&args);
    return status;
}

static const struct option_spec *const options[] = { instance_options_grace,
                                                     instance_options_target, NULL };

const struct cmd cmd_instance_reboot = {
    .name = "reboot",
    .usage = "[OPTION...] NAME...",
    .about = "stop instances and start them again",
    .more = "Like `stop` and then `start`: the program gets SIGTERM and the grace time to end.",
    .examples = "  ops instance reboot web-1",
    .options = options,
    .run = reboot_run,
};
