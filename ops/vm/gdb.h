/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How gdb gets to a machine that waits for it. Such a machine has `noaslr` on its command line:
 * kernel and program lie where docs/memory-map.md says, so gdb knows their symbols from the start.
 */

#include <stdint.h>

struct err;

enum {
    GDB_PORT = 1234, /* What gdb's users know. */
};

/*
 * The whole line for a shell, to be freed: symbols of the ELF file `program` (NULL: none) and of
 * `kernel`, whose symbols are in the file beside it that ends with .debug, if there is one.
 */
char *gdb_line(const char *program, const char *kernel, uint16_t port, struct err *err);
