/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* timerfd_create(2): a timer to wait for. */

#include "kernel/file/file.h"
#include "lib/base/types.h"

struct timerfd_setting {
    u64 value_ns;    /* Until it expires next; 0: disarmed. */
    u64 interval_ns; /* 0: once. */
};

/* `is_wall`: absolute times are of CLOCK_REALTIME. `flags`: FILE_NONBLOCK. NULL: no memory. */
struct file *timerfd_create(bool is_wall, u32 flags) MUST_USE;

bool timerfd_is(const struct file *file);

/* `is_absolute`: value_ns is a moment of the timer's clock. `*old` is what was left before. */
void timerfd_set(struct file *file, const struct timerfd_setting *setting, bool is_absolute,
                 struct timerfd_setting *old);
void timerfd_get(struct file *file, struct timerfd_setting *setting);
