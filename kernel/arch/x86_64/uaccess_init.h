/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/base/types.h"

/* End of what copies may touch: USER_END of kernel/arch/mmu.h. */
#define USER_ADDRESS_END 0x00007ffffffff000ull

/* features_init() has run. */
void uaccess_init(void);
