/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A machine that runs as a child of ops. */

#include "host/strings.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct settings;

/* How a machine ended. */
struct vm_end {
    int stopped_by; /* The signal that told ops to end, 0: none. */
    bool timed_out;
    int qemu_exit; /* QEMU's exit status, 128 and its signal if it was killed. */
};

/*
 * Has SIGINT, SIGTERM, SIGHUP and SIGCHLD wait for vm_run(), so that none is lost in between. To be
 * called before anything is there that they would leave behind.
 */
void vm_signals_hold(void);

/* Whether one of those that end ops has come since. */
bool vm_signals_stop(int *signal);

/*
 * Runs a command until it ends, `timeout_s` is over (0: never) or a signal says to stop; then it is
 * gone. Its standard error goes to the file `log`, unless NULL. The child dies with ops.
 */
int vm_run(struct vm_end *end, const struct strings *command, const char *log, uint64_t timeout_s,
           struct err *err);

/* Checks that the ports of this machine that `settings` forwards are free. */
int vm_ports_check(const struct settings *settings, struct err *err);
