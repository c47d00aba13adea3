/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands of instances share: where the instances are, and which are meant. */

#include "ops/cli/options.h"
#include "ops/provider/provider.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    INSTANCE_GRACE_MS = 10000,
};

struct instance_args {
    char *target;
    uint64_t grace_ms;
    bool follow;
    struct words words;
    const struct provider *provider;
};

extern const struct option_spec instance_options_target[]; /* -t */
extern const struct option_spec instance_options_grace[];  /* --grace */

/* Parses a command line. Returns 0, or as options_parse(); to be given back in any case. */
int instance_args_parse(struct instance_args *args, const struct cmd *self, int argc, char **argv,
                        struct words_limit limit, struct err *err);
void instance_args_fini(struct instance_args *args);

/*
 * Does `fn` for each instance that is named, whatever becomes of the others, and says that it
 * `done` ("is stopped"). An error begins with "cannot `verb` 'NAME'".
 */
int instance_each(const struct instance_args *args, const char *verb, const char *done,
                  int (*fn)(const struct instance_args *args, const char *name, struct err *err),
                  struct err *err);

/* For OPTION_CALL: a time like 10s, 500ms, 2m; a plain number is seconds. `field` is uint64_t. */
int instance_time_set(void *field, const char *value, struct err *err);

/*
 * Refuses what only somebody who stays with a machine can do: end it in time, run a command at its
 * end.
 */
int instance_settings_check(const struct settings *settings, struct err *err);

/*
 * The one of that name as it is now, of `instances`, which is filled and to be given back in any
 * case. NULL with `err` set when there is none.
 */
const struct provider_instance *instance_find(const struct provider *provider, const char *name,
                                              struct provider_instances *instances,
                                              struct err *err);

/* Prints instances as a table, or one as a record. */
void instance_list_print(const struct provider_instances *instances);
void instance_print(const struct provider_instance *instance);
