/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The end of the machine, its console of last resort, and its random numbers. */

#include "lib/base/types.h"

_Noreturn void machine_power_off(void);
_Noreturn void machine_reset(void);

/* What a kernel leaves to the next one across machine_restart(). All zeros after power on. */
struct machine_kept {
    u32 restarts;
    u32 restarts_in_a_row; /* Since a program lived for a while: see init/end.c. */
    u64 seed;              /* For the next one's random numbers; it takes and wipes it. */
};
struct machine_kept *machine_kept(void);

/*
 * Starts the kernel again from its own image, without firmware: as a loader would, with addresses
 * chosen anew. On CPU 0, in a thread, interrupts off; the other CPUs have stopped, whatever locks
 * they hold, and no device reaches memory any more. docs/decisions/0016 has the whole of it.
 */
_Noreturn void machine_restart(void);

/* Writes to the serial console by polling, in any context, without locks. */
void machine_console_write(const char *bytes, size_t len);

/*
 * One line to whoever started the machine, beside the console: `key value`. QEMU's debug console at
 * port 0xe9, where it is; nothing happens elsewhere. `ops run` reads it.
 */
void machine_report(const char *key, const char *value);

/* Random bits of the CPU itself. False when it has no such instruction, or it gave up. */
bool machine_random(u64 *value);
