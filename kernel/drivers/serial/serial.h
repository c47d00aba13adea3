/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What people type at the serial console (a 16550 at the first PC port). Output does not come this
 * way: machine_console_write() polls the same device.
 */

#include "lib/base/types.h"

/*
 * Hands what arrives to `input`, in a bottom half, a few bytes at a time. Without a serial port
 * nothing happens. Interrupts work.
 */
void serial_init(void (*input)(const char *bytes, size_t len));
