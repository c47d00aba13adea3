/* SPDX-License-Identifier: Apache-2.0 */
/* instance reboot: stop instances and start them again. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stddef.h>
#include <stdint.h>

static int reboot_all(const struct instance_args *args, struct err *err)
{
    if (!args->provider->instance_reboot)
        return provider_lacks(args->provider, "reboot instances", err);
    for (size_t i = 0; i < args->words.count; i++) {
        if (args->provider->instance_reboot(args->words.items[i], args->grace_ms, err) < 0)
            return err_prefix(err, "cannot reboot '%s'", args->words.items[i]);
        ui_note("instance '%s' is started again", args->words.items[i]);
    }
    return 0;
}

static int reboot_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = SIZE_MAX };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0)
        status = reboot_all(&args, err);
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
