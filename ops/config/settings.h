/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the user wants built and run: the configuration file, with the command line over it. Plain
 * data; who needs it reads it.
 */

#include "host/strings.h"
#include "ops/config/ports.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SETTINGS_MEMORY_DEFAULT_MIB = 256,
    SETTINGS_MEMORY_MIN_MIB = 24,
    SETTINGS_MEMORY_MAX_MIB = 1 << 20,
    SETTINGS_CPUS_MAX = 64,
};

struct settings {
    char *program;        /* As the user wrote it: a path on this machine. */
    char *guest_program;  /* Its path in the image; NULL: as on this machine. */
    struct strings args;  /* Without argv[0]. */
    struct strings envs;  /* NAME=VALUE. */
    struct strings files; /* Paths kept. */
    struct strings dirs;
    struct strings maps; /* HOST, GUEST, HOST, GUEST, ... */
    struct strings tmpfs;
    struct strings limits; /* "nofile 1024" */
    char *cwd;             /* In the guest. */
    char *hostname;
    char *crash;
    char *log;
    char *target_root;
    char *image_name;
    char *output; /* Where `ops build` writes. */
    char *kernel;

    uint64_t memory_mib;
    uint64_t cpus;
    struct ports ports;
    char *accel;
    char *machine;
    char *cpu_model;
    char *append;       /* Words for the kernel's command line. */
    uint64_t timeout_s; /* 0: none. */
    bool verbose;
    bool dry_run;
};

void settings_init(struct settings *settings);
void settings_fini(struct settings *settings);

/* Replaces a string of the settings by a copy of `text`. */
void settings_set(char **field, const char *text);

/* Checks what takes more than one setting to say. */
int settings_check(const struct settings *settings, struct err *err);
