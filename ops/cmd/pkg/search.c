/* SPDX-License-Identifier: Apache-2.0 */
/* pkg search: packages by what they say of themselves. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/pkg/listing.h"

#include <stddef.h>

static int search_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, limit, err);

    return status == 0 ? pkg_listing_print(words.items[0], "no package matches", err) : status;
}

const struct cmd cmd_pkg_search = {
    .name = "search",
    .usage = "REGEX",
    .about = "show packages whose name, version, language or description matches",
    .more =
        "It looks at the packages of this computer: Soliton has no hub to ask. What others\n"
        "have packed comes from their registries, as a container image (`ops pkg from-oci`) or\n"
        "a Debian package (`ops pkg from-deb`).",
    .examples = "  ops pkg search 'python|node'",
    .run = search_run,
};
