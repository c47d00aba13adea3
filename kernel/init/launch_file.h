/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names of the files that come with the launch of a machine. Pure. */

#define LAUNCH_PREFIX "opt/soliton/"

enum launch_kind {
    LAUNCH_UNKNOWN,
    LAUNCH_MANIFEST, /* opt/soliton/manifest */
    LAUNCH_OVERLAY,  /* opt/soliton/overlay */
    LAUNCH_SECRET,   /* opt/soliton/secret/NAME, of letters, digits, '.', '_' and '-' */
};

/* What the file called `name` is for; of a secret also its NAME. */
enum launch_kind launch_kind(const char *name, const char **secret);
