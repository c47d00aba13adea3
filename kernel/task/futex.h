/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Futexes: threads that wait for a word of the program to change.
 *
 * A word has a key: its address, or for `shared` words in a mapping of a file the inode and offset
 * behind it. All functions may sleep for the page, and give -EINVAL for an address that is not a
 * multiple of 4, -EFAULT for one that is not the program's.
 */

#include "lib/base/types.h"

/*
 * Waits until woken, if the word at `address` holds `expected`. 0 when woken by a wake-up that has
 * a bit of `bitset`; -EAGAIN when the word holds something else, -ETIMEDOUT, -EINTR.
 */
long futex_wait(uaddr_t address, u32 expected, u32 bitset, bool shared, u64 deadline_ns) MUST_USE;

/* Wakes up to `count` waiters, longest first. Returns how many. */
long futex_wake(uaddr_t address, u32 count, u32 bitset, bool shared);

struct futex_requeue {
    uaddr_t from;
    uaddr_t to;
    u32 wake_count;
    u32 move_count;
    bool shared;
    bool compares; /* -EAGAIN unless the word at `from` holds `expected`. */
    u32 expected;
};

/* Wakes some waiters and makes others wait at `to`. Returns how many it woke or moved. */
long futex_requeue(const struct futex_requeue *request) MUST_USE;

/*
 * Changes the word at `second` by `operation`, wakes `count` waiters of `first`, and `second_count`
 * of `second` when its old value passes the comparison in `operation`. Returns how many it woke.
 */
long futex_wake_op(uaddr_t first, uaddr_t second, u32 count, u32 second_count, u32 operation,
                   bool shared) MUST_USE;

/* Before the first of the above, once. */
void futex_init(void);

/*
 * A thread ends: marks the locks of its robust list as left behind, and wakes who waits for them.
 */
void futex_robust_exit(uaddr_t list, u32 tid);
