/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* signalfd(2): signals read from a descriptor. They have to be blocked to get there. */

#include "lib/base/types.h"

struct file;

/* A new file for the signals of `mask`, or NULL. */
struct file *signalfd_create(u64 mask, bool nonblocking) MUST_USE;

/* Replaces its mask. -EINVAL when `file` is no signalfd. */
int signalfd_set(struct file *file, u64 mask) MUST_USE;
