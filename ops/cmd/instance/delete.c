/* SPDX-License-Identifier: Apache-2.0 */
/* instance delete: end instances and remove them. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stddef.h>
#include <stdint.h>

static int one_delete(const struct instance_args *args, const char *name, struct err *err)
{
    return args->provider->instance_delete(name, err);
}

static int delete_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = SIZE_MAX };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0 && !args.provider->instance_delete)
        status = provider_lacks(args.provider, "delete instances", err);
    if (status == 0)
        status = instance_each(&args, "delete", "is deleted", one_delete, err);
    instance_args_fini(&args);
    return status;
}

static const struct option_spec *const options[] = { instance_options_target, NULL };

const struct cmd cmd_instance_delete = {
    .name = "delete",
    .usage = "NAME...",
    .about = "end instances and remove them",
    .more = "Machines that run are ended at once; `ops instance stop` lets the program end by\n"
            "itself. What an instance printed goes with it. Its image and its volumes stay.",
    .examples = "  ops instance delete web-1 web-2",
    .options = options,
    .run = delete_run,
};
