/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* flock(2): advisory locks of open files on what they were opened from. */

#include "kernel/file/file.h"
#include "lib/base/types.h"

/* `operation` as in flock(2): 0, -EINVAL, -EAGAIN (LOCK_NB), -EINTR, -ENOMEM. Sleeps. */
int flock_change(struct file *file, int operation) MUST_USE;

/* The file is being closed: its lock goes. */
void flock_forget(struct file *file);
