/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An instance on this machine: a QEMU process and the folder $OPS_HOME/instances/NAME:
 *
 *     instance.json    what it is, so that it can be started again
 *     alive            locked by QEMU while it runs, and until all that it printed is written;
 *                      holds its process number (ops/vm/detach.c)
 *     console.log      what the program prints, console.log.0 what it printed before that was full
 *                      (ops/vm/console.h); console.log.1 is the console.log of the start before
 *     report           what the kernel says of the run (ops/vm/report.h)
 *     qemu.log         what QEMU complains of
 *     stopping         there from a `stop` on until the next start
 *     overlay          secret-NAME    what the program is told at launch
 *     qmp.sock         control.sock   QEMU's monitor, the kernel's control channel
 *
 * Invariants, which hold whenever ops or QEMU is killed:
 *   1. A folder has a whole instance.json.
 *   2. A QEMU of ours runs, or an ops is about to start it, if, and only if, the lock on `alive`
 *      is held. It is started with the lock of the folder of instances held, and that folder is
 *      only removed with it held and `alive` free.
 *   3. While ports move from one to another, all that is needed to move them back is in
 *      instances/.switch.json: an ops that finds it and gets the lock moves them back, or leaves
 *      that to a later one when a machine does not answer.
 *   4. How a run ended is what `report` says; nobody has to be there to see it.
 */

#include "host/strings.h"
#include "ops/provider/provider.h"
#include "ops/vm/launch.h"
#include "ops/vm/report.h"
#include "ops/vm/vm.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct instance {
    char *name;
    char *folder;
    char *image;
    int64_t created_s;
    int64_t started_s; /* 0: never. */
    struct launch launch;
};

void instance_fini(struct instance *instance);

/* Reads the description of one that must be there. To be given back in any case. */
int instance_read(struct instance *instance, const char *name, struct err *err);

/* Writes the description into its folder. */
int instance_write(const struct instance *instance, struct err *err);

/* The path of a file in its folder, to be freed. */
char *instance_file(const struct instance *instance, const char *name);

bool instance_is_alive(const struct instance *instance, struct vm_process *process);

/*
 * Lets one that does not run count as alive, so that nobody takes it for one that has ended while
 * it is being started. Returns a descriptor that holds the lock, or -1 with `err` set.
 */
int instance_alive_lock(const struct instance *instance, struct err *err);

/* Starts its QEMU, which shares that lock. The lock of the folder of instances is held. */
int instance_spawn(struct instance *instance, int alive_fd, struct err *err);

/*
 * Waits until the program runs or the machine has ended, but not for ever. Returns 0 if it runs or
 * its program ended by itself; else -1 with `err` saying why there is nothing.
 */
int instance_await(const struct instance *instance, struct err *err);

/*
 * Notes that somebody ends it, if it runs. The lock of the folder of instances is held: a start
 * takes the note away.
 */
void instance_stop_mark(const struct instance *instance);

/*
 * Presses the power button, and ends the machine when `grace_ms` are over. Fine when it has ended.
 */
int instance_halt(const struct instance *instance, uint64_t grace_ms, struct err *err);

/* What the kernel said of the last run. */
void instance_report(const struct instance *instance, struct report *report);

/* How it is, to people. */
void instance_look(const struct instance *instance, struct provider_instance *look);

int local_instance_create(const struct settings *settings, const char *image, const char *name,
                          struct err *err);
int local_instance_list(struct provider_instances *instances, struct err *err);
int local_instance_start(const char *name, struct err *err);
int local_instance_stop(const char *name, uint64_t grace_ms, struct err *err);
int local_instance_reboot(const char *name, uint64_t grace_ms, struct err *err);
int local_instance_delete(const char *name, struct err *err);
int local_instance_logs(const char *name, bool follow, FILE *out, struct err *err);
int local_instance_stats(const char *name, struct provider_stats *stats, struct err *err);
int local_instance_answers(const char *name, uint16_t port, uint16_t *reached_port, int timeout_ms,
                           struct err *err);
int local_instance_switch(const struct settings *settings, const struct strings *from,
                          const char *to, struct err *err);
void local_instance_mend(void);
