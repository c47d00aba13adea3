/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What settings change of an image at launch, as lines of the manifest's format and secrets. */

struct err;
struct launch;
struct settings;

/*
 * Adds environment, arguments, network, mounts, tracing and secrets of `settings` to `launch`,
 * whose disk is set; secrets are copied to `folder`. Returns 0, or -1 with `err` set.
 */
int overlay_fill(struct launch *launch, const struct settings *settings, const char *folder,
                 struct err *err);
