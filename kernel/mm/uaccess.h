/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Copies to and from the program's memory. Any address may be given: those not the program's, not
 * mapped or not allowed give -EFAULT. May sleep (a page may have to be read first): no spinlocks.
 */

#include "lib/base/types.h"

int copy_in(void *to, uaddr_t from, size_t size) MUST_USE;
int copy_out(uaddr_t to, const void *from, size_t size) MUST_USE;
int zero_out(uaddr_t to, size_t size) MUST_USE;

/*
 * As many bytes as can be copied, from the front: returns how many were NOT copied. For read() and
 * write(), which report what they got done.
 */
size_t copy_in_some(void *to, uaddr_t from, size_t size) MUST_USE;
size_t copy_out_some(uaddr_t to, const void *from, size_t size) MUST_USE;
size_t zero_out_some(uaddr_t to, size_t size) MUST_USE;

/*
 * Copies a NUL-ended text of at most `size` bytes, the NUL included. Returns its length without the
 * NUL, -EFAULT, or -ENAMETOOLONG when no NUL comes in time.
 */
long copy_in_text(char *to, uaddr_t from, size_t size) MUST_USE;

/*
 * Atomic operations on a word of the program (futex). Return 0 and the old value, or -EFAULT;
 * `address` is a multiple of 4. The page may be brought in: may sleep.
 */
int user_load32(uaddr_t address, u32 *value) MUST_USE;
int user_exchange32(uaddr_t address, u32 value, u32 *old) MUST_USE;
/* -EAGAIN when it did not hold `expected`; `*old` tells what it held. */
int user_replace32(uaddr_t address, u32 expected, u32 value, u32 *old) MUST_USE;

/*
 * The same load without ever sleeping, for use under a spinlock: -EFAULT when the page is not there
 * just now. The caller drops its lock, calls user_load32() to bring it in, and tries again.
 */
int user_load32_atomic(uaddr_t address, u32 *value) MUST_USE;
int user_replace32_atomic(uaddr_t address, u32 expected, u32 value, u32 *old) MUST_USE;

/* True when [address, address + size) lies in the program's half. */
static inline bool user_range_ok(uaddr_t address, u64 size)
{
    return size <= 0x00007ffffffff000ull && address <= 0x00007ffffffff000ull - size;
}
