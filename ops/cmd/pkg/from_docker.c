/* SPDX-License-Identifier: Apache-2.0 */
/* pkg from-docker: what to do instead. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"

#include <stddef.h>

static int from_docker_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, limit, err);

    if (status != 0)
        return status;
    return err_set(err,
                   "no daemon is asked for '%s', and no container run: packages come from files\n"
                   "hint: `docker save -o image.tar %s && ops pkg from-oci image.tar`",
                   words.items[0], words.items[0]);
}

const struct cmd cmd_pkg_from_docker = {
    .name = "from-docker",
    .usage = "IMAGE",
    .about = "say how an image of Docker becomes a package (see `ops pkg from-oci`)",
    .run = from_docker_run,
};
