/* SPDX-License-Identifier: Apache-2.0 */
/* instance inspect: all there is to know of one. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stddef.h>

static int inspect_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct provider_instances instances = { 0 };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0) {
        const struct provider_instance *instance =
            instance_find(args.provider, args.words.items[0], &instances, err);

        if (instance) {
            instance_print(instance);
        } else {
            status = err_prefix(err, "cannot inspect '%s'", args.words.items[0]);
        }
    }
    provider_instances_fini(&instances);
    instance_args_fini(&args);
    return status;
}

static const struct option_spec *const options[] = { instance_options_target, NULL };

const struct cmd cmd_instance_inspect = {
    .name = "inspect",
    .usage = "[OPTION...] NAME",
    .about = "show all there is to know of an instance",
    .examples = "  ops instance inspect web-1\n"
                "  ops instance inspect --json web-1",
    .options = options,
    .run = inspect_run,
};
