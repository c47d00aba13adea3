/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kernel's own function names, for backtraces. scripts/gen_symbols.py makes the table from the
 * kernel's first link, as assembly in section .symbols, and the second link takes it in. Without
 * input it makes an empty table, for the first link.
 */

#include "lib/base/types.h"

/* By address, rising. Made to be small: the table is read only where things have gone wrong. */
extern const u32 symbol_count;
extern const u16 symbol_steps[];  /* From the function before, or from the start of the image. */
extern const char symbol_names[]; /* NUL-ended, one after the other. */

/* The linker script's: where the image is. */
extern const u8 image_start[], text_end[];
