/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The steps of boot that are the boot order's own. Thread context; they end the machine if they
 * fail.
 */

#include "lib/base/types.h"

struct block_device;
struct manifest;
struct program_end_hooks;

/* Mounts the image's root and the memory filesystems every program expects. */
void root_mount(void);

/* Where the root lies; NULL: no disk has it, or the host does. */
struct block_device *root_device(void);

/* Mounts what the manifest says: volumes, and directories that are memory. */
void root_mount_more(const struct manifest *manifest);

/* Mounts the manifest's volumes. volumes.c */
void volumes_mount(const struct manifest *manifest);

/*
 * What comes with the launch of the machine (QEMU's fw_cfg). launch_init() looks for it and checks
 * names and sizes. The texts are the caller's for ever, NULL: there is none.
 */
void launch_init(void);
char *launch_manifest(size_t *size); /* Stands in for the image's. */
char *launch_overlay(size_t *size);  /* Lines to be laid over it. */
void launch_secrets(void);           /* Puts the secrets into /run/secrets. */

/* Takes `log=LEVEL` from the command line, as soon as there is a log. */
void config_early(void);

/*
 * Reads the manifest of the launch, or else of the image, and lays what came with the launch and
 * the kernel's command line over it.
 */
void config_read(void);
const struct manifest *config_manifest(void);

/* Gives the first network card its address, by DHCP or as the manifest says. */
void config_network(void);

/*
 * The program has ended: gives what it sent the time to arrive, but does not wait for ever for a
 * peer that is gone. `shortly`: a restart follows, so no longer than it takes to send.
 */
void network_drain(bool shortly);

/* The manifest's policies for the end of the program, and the power button. end.c */
extern const struct program_end_hooks end_hooks;
void end_power_button(void);

/* The image or its manifest is no good, and the log says why: ends the machine with that status. */
_Noreturn void config_fail(void);

/* The same, and says why: one line in the log and to whoever started the machine. */
_Noreturn void config_fail_because(const char *format, ...) __attribute__((format(printf, 1, 2)));
