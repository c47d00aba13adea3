/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A provider: where images are kept and instances run, this machine ("onprem") or a cloud. One
 * const struct a provider, in a file or folder of its own; provider.c lists them. What a provider
 * lacks is an entry of NULL, which commands report by provider_lacks(): never a function that
 * pretends. Every function returns 0, or -1 with `err` set, unless it says otherwise.
 *
 * Names are unique within a provider and are what commands take. Functions that change something
 * can be repeated after an interruption: they leave the old or the new state.
 */

#include "host/strings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct settings;

struct provider_image {
    char *name;
    char *id;          /* What the provider calls it: a path here, an identifier elsewhere. */
    uint64_t size;     /* Bytes the disk has. */
    uint64_t used;     /* Bytes it takes. */
    int64_t created_s; /* Unix time. */
};

struct provider_images {
    struct provider_image *items;
    size_t count;
};

enum instance_state {
    INSTANCE_STARTING,
    INSTANCE_RUNNING,
    INSTANCE_HELD, /* Its program has ended; the machine waits for a debugger. */
    INSTANCE_STOPPING,
    INSTANCE_EXITED, /* Its program or machine ended: `exit_status` says how. */
    INSTANCE_FAILED, /* It could not be started, or the kernel panicked: `reason` says why. */
};

/* "starting", "running", ... */
const char *instance_state_name(enum instance_state state);

struct provider_instance {
    char *name;
    char *id; /* A pid here. NULL when there is none. */
    char *image;
    enum instance_state state;
    int exit_status;  /* INSTANCE_EXITED: as `ops run` would have ended; -1: not known. */
    int64_t restarts; /* Since the machine was started, by itself. */
    char *reason;     /* Or NULL. */
    char *address;    /* Where it is reached, "127.0.0.1" here; NULL: not known. */
    char *ports;      /* "8080->80/tcp, 53->53/udp", or "". */
    char *gdb;        /* Where it waits for gdb at its start, or NULL. */
    int64_t created_s;
    int64_t started_s; /* 0: not started. */
    int64_t ended_s;   /* 0: not ended. */
};

struct provider_instances {
    struct provider_instance *items;
    size_t count;
};

struct provider_volume {
    char *name;
    char *id;
    char *label;
    char *uuid;
    uint64_t size;
    uint64_t used;
    int64_t created_s;
    char *attached_to; /* An instance, or NULL. */
};

struct provider_volumes {
    struct provider_volume *items;
    size_t count;
};

void provider_images_fini(struct provider_images *images);
void provider_instances_fini(struct provider_instances *instances);
void provider_volumes_fini(struct provider_volumes *volumes);

/* Figures of a running instance; -1 means that the provider cannot say. */
struct provider_stats {
    int64_t memory_total;
    int64_t memory_used; /* By kernel and program, in the guest. */
    int64_t memory_host; /* Resident on the machine that runs it. */
    int64_t cpu_ns;      /* Time of all CPUs since the start. */
    int64_t cpu_count;
    int64_t net_rx_bytes;
    int64_t net_tx_bytes;
    int64_t disk_read_bytes;
    int64_t disk_write_bytes;
    int64_t uptime_ns;
};

struct provider {
    const char *name;  /* What -t takes. */
    const char *about; /* "this machine, in QEMU" */

    /* Whether what it needs (credentials, programs) is there; for `ops doctor`. */
    int (*check)(struct err *err);

    /* Takes the disk image `path` in as `name`; one of that name is an error unless `replace`. */
    int (*image_create)(const struct settings *settings, const char *name, const char *path,
                        bool replace, struct err *err);
    int (*image_list)(struct provider_images *images, struct err *err);
    int (*image_delete)(const char *name, struct err *err);
    int (*image_resize)(const char *name, uint64_t size, struct err *err);

    /* A file of this machine with the image's bytes, to be freed, for `image sync`; or NULL. */
    char *(*image_file)(const char *name, struct err *err);

    /*
     * Makes an instance of an image and starts it. `settings` says ports, memory, environment and
     * all else that is given at launch; a port 0 of this machine means any that is free. Returns
     * when the machine runs, not when the program serves.
     */
    int (*instance_create)(const struct settings *settings, const char *image, const char *name,
                           struct err *err);
    int (*instance_list)(struct provider_instances *instances, struct err *err);
    int (*instance_start)(const char *name, struct err *err);

    /* Asks the program to end (SIGTERM), and ends the machine after `grace_ms`. */
    int (*instance_stop)(const char *name, uint64_t grace_ms, struct err *err);
    int (*instance_reboot)(const char *name, uint64_t grace_ms, struct err *err);

    /* Ends it if it runs, and removes all of it but image and volumes. */
    int (*instance_delete)(const char *name, struct err *err);

    /* Writes its console output to `out`; with `follow` until the instance ends or a signal. */
    int (*instance_logs)(const char *name, bool follow, FILE *out, struct err *err);
    int (*instance_stats)(const char *name, struct provider_stats *stats, struct err *err);

    /*
     * Whether the program takes connections on a TCP port of its own: 1; 0: not within
     * `timeout_ms`; or -1 with `err` set. `*reached_port` is by which port it is reached from here.
     */
    int (*instance_answers)(const char *name, uint16_t port, uint16_t *reached_port, int timeout_ms,
                            struct err *err);

    /*
     * Lets `to` be reached as `settings` say, in the place of those in `from` that are now. All of
     * it happens, or nothing; connections that are there stay with whom they are.
     */
    int (*instance_switch)(const struct settings *settings, const struct strings *from,
                           const char *to, struct err *err);

    /*
     * Mends what an instance_switch() has left that was killed on its way: ports lead to where they
     * led before. Called before every command, and does nothing fast.
     */
    void (*instance_mend)(void);

    /* A volume of `size` bytes with a filesystem labelled `label`; in it what is in `folder`, or
     * nothing if that is NULL. */
    int (*volume_create)(const char *name, const char *label, const char *folder, uint64_t size,
                         struct err *err);
    int (*volume_list)(struct provider_volumes *volumes, struct err *err);
    int (*volume_delete)(const char *name, struct err *err);
    int (*volume_resize)(const char *name, uint64_t size, struct err *err);

    /* `where` is %N, the number of the disk beside the root, or NULL: the next. */
    int (*volume_attach)(const char *instance, const char *volume, const char *where,
                         struct err *err);
    int (*volume_detach)(const char *instance, const char *volume, struct err *err);
};

/* All there are, this machine first; ends with NULL. */
extern const struct provider *const provider_list[];

/* The provider of that name; "local" is "onprem". NULL with `err` set when there is none. */
const struct provider *provider_find(const char *name, struct err *err);

/* Sets `err` to "provider 'x' cannot <what>". Always returns -1. */
int provider_lacks(const struct provider *provider, const char *what, struct err *err);
