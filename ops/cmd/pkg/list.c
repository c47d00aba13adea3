/* SPDX-License-Identifier: Apache-2.0 */
/* pkg list: which packages there are. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/pkg/listing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct list_args {
    char *search;
    bool local; /* All packages are. */
};

static int list_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct list_args args = { 0 };
    struct words words;
    int status = options_parse(&args, self, argc, argv, &words, (struct words_limit){ 0 }, err);

    if (status == 0)
        status = pkg_listing_print(args.search, "no packages; `ops pkg from-oci` makes one", err);
    free(args.search);
    return status;
}

static const struct option_spec list_options[] = {
    { 's', "search", "REGEX", "only those that match", OPTION_TEXT,
      offsetof(struct list_args, search), NULL, false },
    { 'l', "local", NULL, "packages of this computer, as all are", OPTION_FLAG,
      offsetof(struct list_args, local), NULL, false },
    { 0 },
};
static const struct option_spec *const options[] = { list_options, NULL };

const struct cmd cmd_pkg_list = {
    .name = "list",
    .usage = "[OPTION...]",
    .about = "show which packages there are",
    .examples = "  ops pkg list\n"
                "  ops pkg list -s nginx --json",
    .options = options,
    .run = list_run,
};
