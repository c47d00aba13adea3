/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kernel's own function names, for backtraces. scripts/gen_symbols.py makes the table from the
 * kernel's first link, as assembly in section .symbols, and the second link takes it in. Without
 * input it makes an empty table, for the first link.
 */

#include "lib/base/types.h"

struct symbol {
    u32 off;  /* From the start of the image. */
    u32 name; /* From the start of `symbol_names`. */
};

extern const u32 symbol_count;
extern const struct symbol symbol_table[]; /* By `off`, rising. */
extern const char symbol_names[];          /* NUL-ended, one after the other. */

/* The linker script's: where the image is, which is where `off` counts from. */
extern const u8 image_start[], text_end[];
