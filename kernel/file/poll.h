/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* poll(2) on any files; select(2) is made of it (kernel/sys/event.c). */

#include "abi/linux/poll.h"
#include "lib/base/types.h"

/*
 * Fills in `revents` of each of the `count` entries, waiting until one is not 0 or the deadline has
 * passed; a deadline of 0 does not wait. Returns how many are not 0, -EINTR, -ENOMEM. Entries with
 * a negative descriptor are skipped; a descriptor that names nothing gives POLLNVAL.
 */
long poll_wait(struct linux_pollfd *fds, u32 count, u64 deadline_ns) MUST_USE;
