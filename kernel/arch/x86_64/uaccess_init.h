/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/base/types.h"

/* End of what copies may touch: USER_END of kernel/arch/mmu.h. */
#define USER_ADDRESS_END 0x00007ffffffff000ull

/* Whether the CPU has SMAP. [const] after uaccess_init(). */
extern bool uaccess_smap;

/* features_init() has run. */
void uaccess_init(void);

/*
 * Shuts the program's pages to the kernel. A trap or an interrupt comes in with the AC flag as it
 * is: open in the middle of a copy, or as the program has set it. Only system calls mask it.
 */
static inline void uaccess_close(void)
{
    if (uaccess_smap)
        __asm__ volatile("clac" : : : "cc");
}
