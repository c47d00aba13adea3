/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For our own bugs only. What the program, the network, the disk or the host says is an error. */

#include "lib/base/types.h"

/* Says why, prints a backtrace with names, stops every CPU and ends the machine. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a trap: the backtrace begins at `ip`, in the frame `frame_pointer`. */
_Noreturn void panic_at(u64 ip, u64 frame_pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* No side effects in `condition`. On in all builds. */
#define ASSERT(condition)                                                         \
    do {                                                                          \
        if (__builtin_expect(!(condition), 0))                                    \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition); \
    } while (0)

/* The function that holds `address` of the kernel, and the offset in it; NULL when none does. */
const char *symbol_find(u64 address, u64 *offset);
