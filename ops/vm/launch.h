/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a machine is started with, whoever starts it: `ops run` makes it from settings, an instance
 * keeps it in its description so that it can be started again.
 *
 * What the program is told at launch (environment, arguments, secrets, tracing) goes by files of
 * QEMU's fw_cfg, which lie in a folder only the user can read: nobody sees it among the processes.
 */

#include "host/strings.h"
#include "ops/config/ports.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

enum {
    LAUNCH_SECRETS_MAX = 64,
    LAUNCH_SECRET_SIZE_MAX = 1 << 20,
    LAUNCH_SECRET_NAME_MAX = 36, /* What fw_cfg's names leave. */
};

struct launch_volume {
    char *path;
    bool is_read_only;
};

struct launch {
    char *kernel;
    char *disk;         /* The image with the root. */
    bool is_persistent; /* What the program writes stays in the image. */
    char *machine;
    char *accel;
    char *cpu_model; /* Or NULL. */
    char *append;    /* Words of the kernel's command line, or NULL. */
    uint64_t memory_mib;
    uint64_t cpus;
    uint16_t gdb_port; /* The machine waits for gdb there; 0: it does not. */
    bool is_watched;   /* The kernel is asked for a trace or the like. */
    uint64_t log_mib;  /* How much of what an instance prints is kept. */
    struct ports ports;
    struct ports udp_ports;
    char *tap;    /* The host's network device, or NULL. */
    char *bridge; /* The host's bridge, or NULL. With neither the network is QEMU's own. */
    char *mac;    /* Its own among all on a tap or bridge, and the same at each start; or NULL. */
    struct launch_volume *volumes;
    size_t volume_count;
    struct strings shares;  /* TAG, FOLDER, MODE (ro or rw), ...: folders of the host, by 9p. */
    struct strings overlay; /* Lines of the manifest's format. */
    struct strings secrets; /* Names. */
};

/* All zeros is an empty one; this frees what it holds. */
void launch_fini(struct launch *launch);

/* Sets what settings say of the machine and its network; `kernel` and `disk` are made absolute. */
void launch_set(struct launch *launch, const struct settings *settings, const char *kernel,
                const char *disk);

void launch_add_volume(struct launch *launch, const char *path, bool is_read_only);

/* Adds what makes the kernel tell what `settings` ask for: see ops/vm/watch.h. */
void launch_watch(struct launch *launch, const struct settings *settings);

/* Where gdb is waited for when it is. */
uint16_t launch_gdb_port(const struct settings *settings);

/* Adds a word to the kernel's command line. */
void launch_append(struct launch *launch, const char *word);

void launch_add_share(struct launch *launch, const char *tag, const char *folder,
                      bool is_read_only);

/*
 * Adds the line `key value`; a newline and a backslash in `value` are written as the format wants.
 */
void launch_add_line(struct launch *launch, const char *key, const char *value);

/*
 * Copies the secret in the file `source` into `folder`, readable by its owner alone, and adds its
 * name. Returns 0, or -1 with `err` set.
 */
int launch_add_secret(struct launch *launch, const char *folder, const char *name,
                      const char *source, struct err *err);

/* The file in `folder` that holds the overlay or, with a name, a secret. To be freed. */
char *launch_overlay_file(const char *folder);
char *launch_secret_file(const char *folder, const char *name);

/* Writes the overlay to its file in `folder`, if there are lines. */
int launch_write_overlay(const struct launch *launch, const char *folder, struct err *err);

/*
 * To JSON, NULL when a text is not UTF-8, and back. launch_parse() fills one of all zeros; give it
 * back also when it failed.
 */
json_t *launch_json(const struct launch *launch);
int launch_parse(struct launch *launch, json_t *json, struct err *err);

/* Ports likewise; they are the member `key` of `json`. */
json_t *launch_ports_json(const struct ports *ports);
int launch_ports_parse(struct ports *ports, const json_t *json, const char *key, struct err *err);

/* "8080->80/tcp, 53->53/udp", or "". To be freed. */
char *launch_ports_text(const struct launch *launch);

/*
 * Checks that the ports of this machine that are forwarded are free, or that the bridge or tap is
 * there.
 */
int launch_network_check(const struct launch *launch, struct err *err);

/* Puts free ports of this machine in the place of those that are 0. */
int launch_ports_choose(struct launch *launch, struct err *err);
