/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between CPUs. The public part is in kernel/arch/cpu.h and mmu.h. */

#include "lib/base/types.h"

/* Vectors of interrupts between CPUs, above all devices'. */
enum ipi_vector {
    IPI_KICK = 0xf0,
    IPI_TLB = 0xf1,
    VECTOR_TIMER = 0xf2,
    VECTOR_SPURIOUS = 0xff,
};

/* An NMI came: stops this CPU if cpus_stop() asked for it. */
void smp_nmi(void);

/* tlb_flush() for when tables go: idle CPUs, too, could read them ahead of need. */
void tlb_flush_tables(u64 address, u64 size);

/* IPI_TLB: does what the other CPU asked for. Interrupts are off. */
void tlb_answer(void);
