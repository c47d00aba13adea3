/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The `virtio_mmio.device=` words of a command line. */

#include "lib/base/types.h"

struct mmio_param {
    u64 address;
    u32 size;
    u32 irq;
};

/*
 * Finds the next such word at or after `*at` and moves `*at` behind it. False when there is no
 * more; malformed ones are skipped with a line in the log.
 */
bool mmio_param_next(const char **at, struct mmio_param *param);
