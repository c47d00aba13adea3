/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* eventfd(2): a counter to wait for. */

#include "lib/base/types.h"

/* One reference, or NULL when memory is out. `flags`: FILE_NONBLOCK. */
struct file *eventfd_create(u64 count, bool is_semaphore, u32 flags) MUST_USE;
