/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Copies of files that keep their holes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Copies `size` bytes at `from_off` to `to_off` of a file that is empty there, and makes that file
 * as long as it takes. What is a hole stays one. Files that can share their blocks do.
 */
int sparse_copy(int to, uint64_t to_off, int from, uint64_t from_off, uint64_t size,
                struct err *err);

/*
 * How many of the bytes, at least one, whole blocks but for the last, are zeros or not, as `*zero`
 * then says the first block is.
 */
size_t sparse_run(const uint8_t *bytes, size_t size, size_t block, bool *zero);
