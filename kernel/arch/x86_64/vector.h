/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The program's vector (x87, SSE, AVX) registers.
 *
 * The kernel does not use them. They are saved when a thread leaves the CPU, and restored only when
 * the next thread goes back to the program and they are not its own any more: a thread that comes
 * back to the CPU it left, with none of the program's in between, finds them untouched.
 */

#include "kernel/arch/context.h"
#include "lib/base/types.h"

/* The running thread gives the CPU away. Interrupts are off. */
void vector_leave(struct arch_context *from);
/* `to` gets it; NULL area for kernel threads. */
void vector_enter(struct arch_context *to);

/* Brings the running thread's registers up to date in its area, and returns the area. */
u8 *vector_save_current(struct arch_context *context);

/*
 * The running thread's area has changed: it goes into the registers at the return to the program.
 */
void vector_changed(struct arch_context *context);

/* Puts the initial state into an area. */
void vector_area_init(u8 *area);

/*
 * Whether an area that came from the program may be loaded: no reserved bits. Clears what is not
 * ours.
 */
bool vector_area_check(u8 *area);

/* From entry.S: loads the running thread's area. */
void vector_restore(void);
