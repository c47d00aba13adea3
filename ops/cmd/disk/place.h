/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the commands of images and volumes share: from a word of the command line to a disk, looking
 * into it, copying, asking.
 */

#include "ops/cli/options.h"
#include "ops/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All options that commands of disks have between them. */
struct disk_args {
    enum state_folder folder; /* STATE_IMAGES or STATE_VOLUMES. */
    struct words words;
    char *target; /* -t */
    const struct provider *provider;
    bool is_long;
    bool deep;
    bool follows;
    bool yes;
    uint64_t older_s; /* 0: whatever its age. */
    uint64_t size_mib;
    char *data; /* A directory. */
    char *label;
    char *source; /* -s of `image sync` */
};

extern const struct option_spec disk_options_target[]; /* -t */
extern const struct option_spec disk_options_list[];   /* -l */
extern const struct option_spec disk_options_copy[];   /* -r, -L */
extern const struct option_spec disk_options_delete[]; /* --older-than, -y and its aliases */

/* A command: how many words it takes, and what it does with them. */
struct disk_call {
    enum state_folder folder;
    struct words_limit limit;
    int (*fn)(struct disk_args *args, struct err *err);
};

/* Parses a command line and does what is called for. Returns what `fn` does, or options_parse(). */
int disk_cmd_run(const struct disk_call *call, const struct cmd *self, int argc, char **argv,
                 struct err *err);

/* A disk by the name of an image or volume, or by its file. */
struct place {
    char *path;
    struct state_lock lock; /* Of its folder, while it is written. */
};

/* Finds it. Returns 0, or -1 with `err` set. To be given back in any case. */
int place_find(struct place *place, enum state_folder folder, const char *name, bool writes,
               struct err *err);
void place_fini(struct place *place);

/* The commands ls, tree, cp and cat, by the name of `self`, for either kind of disk. */
int disk_cmd_look(enum state_folder folder, const struct cmd *self, int argc, char **argv,
                  struct err *err);

/* Copies in or out. */
int disk_cmd_cp(struct disk_args *args, struct err *err);

/*
 * Asks a person, on the terminal; no is the default. Returns 1 for yes, 0 for no; where stdin is no
 * terminal, -1 with `err` saying that --yes is needed.
 */
int disk_confirm(const char *question, struct err *err);

/* What of `count` things is to be deleted: see `image delete`. */
struct disk_victim {
    const char *name;
    int64_t created_s;
};

/* Deletes by `delete_one` what words and age of `args` name, after asking. */
int disk_cmd_delete(struct disk_args *args, const struct disk_victim *all, size_t count,
                    int (*delete_one)(const char *name, struct err *err), struct err *err);
