/* SPDX-License-Identifier: Apache-2.0 */
/* completion: print the script that completes command lines of ops in a shell. */
#include "ops/completion/completion.h"
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct completion {
    char *names;
};

static const struct {
    const char *name;
    void (*print)(FILE *out);
} shells[] = {
    { "bash", completion_bash },
    { "zsh", completion_zsh },
    { "fish", completion_fish },
};

static int script_print(const char *shell, struct err *err)
{
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].print(stdout);
            return 0;
        }
    }
    err_set(err, "unknown shell '%s': there are bash, zsh and fish", shell);
    return CMD_USAGE;
}

static int completion_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct completion completion = { .names = NULL };
    struct words words;
    int status =
        options_parse(&completion, self, argc, argv, &words, (struct words_limit){ .max = 1 }, err);

    if (status == 0 && completion.names) {
        status = names_print(completion.names, stdout, err);
    } else if (status == 0 && words.count == 0) {
        status = CMD_USAGE;
        err_set(err, "no shell is given: there are bash, zsh and fish");
    } else if (status == 0) {
        status = script_print(words.items[0], err);
    }
    free(completion.names);
    return status;
}

static const struct option_spec completion_options[] = {
    { 0, "names", "KIND", NULL, OPTION_TEXT, offsetof(struct completion, names), NULL, false },
    { 0 },
};

static const struct option_spec *const options[] = { completion_options, NULL };

const struct cmd cmd_completion = {
    .name = "completion",
    .usage = "[OPTION...] SHELL",
    .about = "print a script that completes command lines in bash, zsh or fish",
    .more = "It knows commands, options, files and the names of images, instances, volumes and "
            "packages. `make install` puts it where the shells look.",
    .examples = "source <(ops completion bash)\n"
                "ops completion fish > ~/.config/fish/completions/ops.fish",
    .options = options,
    .run = completion_run,
};
