/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The steps of boot that are the boot order's own. Thread context; they end the machine if they fail. */

#include "lib/base/types.h"

struct manifest;

/* Mounts the image's root and the memory filesystems every program expects. */
void root_mount(void);

/* Mounts the manifest's own memory directories. */
void root_mount_tmpfs(const struct manifest *manifest);

/* Takes `log=LEVEL` from the command line, as soon as there is a log. */
void config_early(void);

/* Reads /etc/soliton/manifest and lays the kernel's command line over it. */
void config_read(void);
const struct manifest *config_manifest(void);

/* Gives the first network card its address, by DHCP or as the manifest says. */
void config_network(void);

/*
 * The program has ended: gives what it sent the time to arrive, but does not wait for ever for a
 * peer that is gone.
 */
void network_drain(void);

/* The image or its manifest is no good, and the log says why: ends the machine with that status. */
_Noreturn void config_fail(void);
