/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The end of the machine, its console of last resort, and its random numbers. */

#include "lib/base/types.h"

_Noreturn void machine_power_off(void);
_Noreturn void machine_reset(void);

/* Writes to the serial console by polling, in any context, without locks. */
void machine_console_write(const char *bytes, size_t len);

/*
 * One line to whoever started the machine, beside the console: `key value`. QEMU's debug console at
 * port 0xe9, where it is; nothing happens elsewhere. `ops run` reads it.
 */
void machine_report(const char *key, const char *value);

/* Random bits of the CPU itself. False when it has no such instruction, or it gave up. */
bool machine_random(u64 *value);
