/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One-shot timers, exact to what the machine's clock allows. A timer belongs to the CPU that armed
 * it and fires there, in a bottom half. Arming and cancelling cost O(log n) of that CPU's timers.
 */

#include "lib/base/tree.h"
#include "lib/base/types.h"

struct timer;
typedef void timer_fn(struct timer *timer);

struct timer {
    struct tree_node node; /* In its CPU's tree while armed. */
    u64 deadline_ns;
    timer_fn *fn; /* [const] */
    u32 cpu;      /* Whose tree. */
    u8 state;     /* Idle, armed, running. Under that CPU's timer lock. */
};

void timer_init(struct timer *timer, timer_fn *fn);

/*
 * Arms it for `deadline_ns`, moving it if it is armed already. Its function may arm it again. Any
 * context; callers serialise timer_arm() and timer_cancel() of one timer themselves.
 */
void timer_arm(struct timer *timer, u64 deadline_ns);

/* True when it was armed and will not fire. False: it has fired, is firing, or never was armed. */
bool timer_cancel(struct timer *timer);

/* Cancels, and waits until its function does not run. Not from there; hold no lock it takes. */
void timer_cancel_wait(struct timer *timer);
