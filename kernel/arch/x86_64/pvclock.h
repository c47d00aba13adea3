/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * KVM's paravirtual clock (Linux Documentation/virt/kvm/x86/msr.rst): here only the source of the
 * cycle counter's rate, and of the wall clock.
 */

#include "lib/base/types.h"

void pvclock_init(void);

/* The hypervisor writes no more time to memory. */
void pvclock_stop(void);

/*
 * Cycles a second as the hypervisor says; 0 when it does not, or when the counter cannot be relied
 * on.
 */
u64 pvclock_hz(void);

/* The time of day now. False without KVM. */
bool pvclock_wall(u64 *seconds, u32 *ns);
