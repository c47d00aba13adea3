/* SPDX-License-Identifier: Apache-2.0 */
/* instance list: which instances there are, and how they are. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stddef.h>

static int list_print(const struct provider *provider, struct err *err)
{
    struct provider_instances instances = { 0 };
    int status;

    if (!provider->instance_list)
        return provider_lacks(provider, "list instances", err);
    status = provider->instance_list(&instances, err);
    if (status == 0) {
        instance_list_print(&instances);
    } else {
        (void)err_prefix(err, "cannot list instances");
    }
    provider_instances_fini(&instances);
    return status;
}

static int list_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, (struct words_limit){ 0 }, err);

    if (status == 0)
        status = list_print(args.provider, err);
    instance_args_fini(&args);
    return status;
}

static const struct option_spec *const options[] = { instance_options_target, NULL };

const struct cmd cmd_instance_list = {
    .name = "list",
    .usage = "[OPTION...]",
    .about = "show which instances there are, and how they are",
    .more =
        "The state is starting, running, held (its program has ended, and it waits for a\n"
        "debugger), stopping, exited (EXIT is the program's status, 128 and its number for a\n"
        "signal) or failed (`ops instance inspect` says why). It is looked at afresh: a machine\n"
        "that was killed, or ended with this computer, is exited.",
    .examples = "  ops instance list\n"
                "  ops instance list --json | jq -r '.[].name'",
    .options = options,
    .run = list_run,
};
