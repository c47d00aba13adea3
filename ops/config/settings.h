/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the user wants built and run: the configuration file, with the command line over it. Plain
 * data; who needs it reads it.
 */

#include "host/strings.h"
#include "ops/config/cloud.h"
#include "ops/config/ports.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SETTINGS_MEMORY_DEFAULT_MIB = 256,
    SETTINGS_MEMORY_MIN_MIB = 24,
    SETTINGS_MEMORY_MAX_MIB = 1 << 20,
    SETTINGS_CPUS_MAX = 64,
    SETTINGS_LOG_DEFAULT_MIB = 16,
    SETTINGS_LOG_MAX_MIB = 1 << 20,
};

#define SETTINGS_PAUSE_UNSET UINT64_MAX

/* A network interface of several. NULL: not said. */
struct nic {
    char *ip_address;
    char *ipv6_address;
    char *netmask;
    char *gateway;
    char *bridge;
};

struct nics {
    struct nic *items;
    size_t count;
};

struct settings {
    struct strings config_files; /* --config, in this order. */
    char *package;               /* --package: its settings lie below all others. */
    bool renders;                /* --render-config: variables in them are replaced. */

    /* The program and what is in its image. */
    char *program;        /* As the user wrote it: a path on this machine. */
    char *guest_program;  /* Its path in the image; NULL: as on this machine. */
    struct strings files; /* Paths kept. */
    struct strings dirs;
    struct strings maps; /* HOST, GUEST, HOST, GUEST, ... */
    struct strings tmpfs;
    char *target_root;
    char
        *files_parent; /* The folder that relative `files` and `dirs` count from; NULL: this one. */
    bool no_args_copy; /* Do not copy a file that is the first argument. */
    char *image_name;
    bool replaces;     /* An image of that name. */
    bool learns;       /* --learn: `files` come from a run. */
    bool is_learned;   /* They did: nothing else is opened. */
    char *output;      /* Where `ops build` writes. */
    char *build_dir;   /* The folder for images that `output` does not name; NULL: this one. */
    uint64_t base_mib; /* The least size of the root filesystem; 0: what is in it. */
    char *kernel;
    char *version; /* Of a package. */
    char *language;
    char *description;

    /* How the program starts; all of it can be given again at launch. */
    struct strings args;   /* Without argv[0]. */
    struct strings client; /* With `learns`: the command that makes use of the program. */
    struct strings envs;   /* NAME=VALUE. */
    struct strings limits; /* "nofile 1024" */
    char *cwd;             /* In the guest. */
    char *hostname;
    char *user; /* UID or UID:GID. */
    char *crash;
    char *exit;
    bool restarts_on_exit;  /* Short for both of these being `restart`, */
    bool holds_on_exit;     /* and for `exit` being `hold`. */
    uint64_t restart_pause; /* The longest, in milliseconds; or SETTINGS_PAUSE_UNSET. */
    char *log;
    struct strings secrets; /* NAME, FILE, NAME, FILE, ... */
    struct strings mounts;  /* "SOURCE:PATH" or "SOURCE:PATH:ro". */
    bool trace;
    struct strings no_trace; /* Names of system calls. */
    bool syscall_summary;
    bool missing_files;

    /* Its network: DHCP unless there is an address. */
    char *ip_address; /* A.B.C.D */
    char *netmask;
    char *gateway;
    struct strings name_servers;
    uint64_t mtu; /* 0: what the network says. */

    /* The machine, and how it is tied to this one. */
    uint64_t memory_mib;
    uint64_t cpus;
    struct ports ports;
    struct ports udp_ports;
    char *accel;
    char *machine;
    char *cpu_model;
    char *append; /* Words for the kernel's command line. */
    struct nics nics;
    bool bridged;
    char *bridge_name;
    char *tap_name;
    char *instance_name;
    char *at_exit; /* A shell command for when the machine has ended. */
    bool background;
    uint64_t log_mib; /* How much of what an instance prints is kept. */
    bool debug;
    uint64_t gdb_port;  /* 0: the usual one. */
    uint64_t timeout_s; /* 0: none. */
    bool dry_run;

    /* How ops talks. */
    bool verbose;
    bool json;
    bool show_warnings;
    struct strings notes; /* What the user should hear of the configuration. */

    struct cloud cloud;
};

void settings_init(struct settings *settings);
void settings_fini(struct settings *settings);

/* Replaces a string of the settings by a copy of `text`. */
void settings_set(char **field, const char *text);

/*
 * Has the one interface of `nics` say what the settings do not say of the network yet. Several are
 * an error: a machine has one here.
 */
int settings_use_nic(struct settings *settings, struct err *err);

/* What the manifest is to say of the program's end; NULL: nothing. */
const char *settings_on_crash(const struct settings *settings);
const char *settings_on_exit(const struct settings *settings);

/* Checks what takes more than one setting to say. */
int settings_check(const struct settings *settings, struct err *err);
