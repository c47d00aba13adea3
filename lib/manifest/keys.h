/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keys of a manifest and what each does with its value. For lib/manifest itself. */

#include "lib/base/types.h"
#include "lib/manifest/manifest.h"

/* Names of an enum's values, by value; a name may be NULL. */
struct manifest_names {
    const char *const *names;
    u32 count;
};

extern const struct manifest_names manifest_network_names;
extern const struct manifest_names manifest_end_names;
extern const struct manifest_names manifest_log_names;
extern const struct manifest_names manifest_limit_names;

struct manifest_key {
    const char *name;
    bool may_be_empty;

    /* Takes `value`, a string the manifest may keep. Returns NULL, or what is wrong with it. */
    const char *(*set)(struct manifest *manifest, const char *value);
};

/* The key called by the `len` bytes of `name`, or NULL. */
const struct manifest_key *manifest_key_find(const char *name, size_t len);

size_t manifest_text_len(const char *text);

/* Takes a decimal number from the front of `*text`. False: there is none, or it is above `max`. */
bool manifest_number_take(u64 *number, const char **text, u64 max);

/* `mount`: mounts.c. */
const char *manifest_mount_set(struct manifest *manifest, const char *value);
