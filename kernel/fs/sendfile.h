/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Moving bytes from one file to another without the program: sendfile(2), copy_file_range(2). */

#include "kernel/file/file.h"
#include "lib/base/types.h"

/*
 * Moves up to `size` bytes of `in`, from `*in_off` on or from its position where `in_off` is NULL,
 * to `out` likewise. Pages of the page cache go by reference where `out` takes them. Returns bytes
 * moved, or what reading or writing gave when it was none.
 */
long file_transfer(struct file *in, u64 *in_off, struct file *out, u64 *out_off, u64 size) MUST_USE;
