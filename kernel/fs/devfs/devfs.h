/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* /dev: a small tmpfs with the device nodes programs use, and what opening them gives. */

#include "kernel/file/file.h"
#include "lib/base/types.h"

/* NULL when memory is out. It has an empty directory `shm` to mount on. */
struct filesystem *devfs_create(void) MUST_USE;

/*
 * Opens the character device `device` (as in stat's st_rdev), wherever its node lies. `flags` are
 * the O_ flags. 0, -ENXIO for a device that does not exist, -ENOMEM.
 */
int device_open(u64 device, u32 flags, struct file **file) MUST_USE;
