/* SPDX-License-Identifier: Apache-2.0 */
/* instance wait: until it has ended, with its program's exit status. */
#include "host/clock.h"
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/provider/provider.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    POLL_MS = 100,
};

/* Whether it has ended; `*status` is then what ops ends with, -1 with `err` set. */
static bool end_look(const struct instance_args *args, int *status, struct err *err)
{
    struct provider_instances instances;
    const char *name = args->words.items[0];
    const struct provider_instance *instance = instance_find(args->provider, name, &instances, err);
    bool has_ended = true;

    if (!instance) {
        *status = err_prefix(err, "cannot wait for '%s'", name);
    } else if (instance->state == INSTANCE_FAILED || instance->state == INSTANCE_EXITED) {
        *status = instance->exit_status;
        if (*status < 0) {
            err_set(err, "instance '%s': %s", name,
                    instance->reason ? instance->reason : "it has ended, nobody knows how");
        }
    } else {
        has_ended = false;
    }
    provider_instances_fini(&instances);
    return has_ended;
}

static int wait_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct instance_args args;
    int status = instance_args_parse(&args, self, argc, argv, limit, err);

    if (status == 0) {
        while (!end_look(&args, &status, err))
            pause_ms(POLL_MS);
    }
    instance_args_fini(&args);
    return status;
}

static const struct option_spec *const options[] = { instance_options_target, NULL };

const struct cmd cmd_instance_wait = {
    .name = "wait",
    .usage = "[OPTION...] NAME",
    .about = "wait until an instance has ended, and end with its program's status",
    .more =
        "The status is the program's own, 128 and the number of the signal that ended it, or 1\n"
        "with a line that says why when its machine failed or was killed.",
    .examples = "  ops instance wait job && echo done",
    .options = options,
    .run = wait_run,
};
