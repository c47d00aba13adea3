/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bottom halves: work an interrupt leaves for a moment later, when interrupts are on again.
 *
 * They run at the end of an interrupt or in the idle loop, on the CPU that queued them, one at a
 * time, never nested, and never sleep. One that has much to do returns true to be called again
 * after the others.
 */

#include "lib/base/list.h"
#include "lib/base/types.h"

struct bottom_half;

/* Returns true when there is more to do. */
typedef bool bottom_half_fn(struct bottom_half *half);

struct bottom_half {
    struct list link; /* [irq] */
    bottom_half_fn *fn;
    bool queued; /* [atomic] */
};

void bottom_half_init(struct bottom_half *half, bottom_half_fn *fn);

/* Queues it on this CPU; nothing happens when it is queued already. Any context. */
void bottom_half_queue(struct bottom_half *half);

/*
 * Keeps bottom halves from running on this CPU until the matching call; these nest. Interrupts stay
 * as they are. The outermost enable runs what has come meanwhile. Do not sleep in between.
 */
void bottom_half_disable(void);
void bottom_half_enable(void);

/* True inside a bottom half or an interrupt handler: sleeping is a bug there. */
bool in_interrupt(void);

/* Runs what is queued here, if this is a place where it may. The scheduler calls it. */
void bottom_half_run_pending(void);
bool bottom_half_is_pending(void);
