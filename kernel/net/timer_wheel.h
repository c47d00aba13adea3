/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Timers of the network: many, coarse (1 ms), and mostly cancelled before they fire.
 *
 * Each CPU has a hierarchical wheel, so arming and cancelling cost the same however many timers
 * there are. A timer is on the wheel of the CPU that armed it last and fires there, in a bottom
 * half, never before its deadline, usually less than 1 ms after it. One timer of kernel/core drives
 * a wheel, armed only while there is something on it.
 *
 * Arming and cancelling one timer is serialised by its owner (the connection's lock, say); firing
 * is not, so the function takes that lock and looks again whether there is anything to do. An
 * owner that can go away holds a reference for an armed timer: it changes hands to the function
 * when it fires, and is given back by whoever got `true` from net_timer_cancel().
 */

#include "lib/base/list.h"
#include "lib/base/types.h"

struct net_timer;
typedef void net_timer_fn(struct net_timer *timer);

struct net_timer {
    struct list link; /* In a slot of the wheel; under its lock. */
    u64 expires_ms;   /* Likewise. */
    net_timer_fn *fn; /* [const] */
    u32 cpu;          /* [atomic] Whose wheel. */
    bool armed;       /* [atomic] Written under the wheel's lock. */
};

void net_timer_init(struct net_timer *timer, net_timer_fn *fn);

/*
 * Arms it for `deadline_ns` (a moment of clock_now_ns()), on this CPU; moves it when it is armed
 * already. True when it was not armed before: the armed timer is a new one, with a reference due.
 * Its function may arm it again. Any context; may hold locks below LOCK_RANK_NET_TIMER.
 */
bool net_timer_arm(struct net_timer *timer, u64 deadline_ns);

/*
 * True when it was armed and will not fire. False: it was not armed, or its function runs or is
 * about to.
 */
bool net_timer_cancel(struct net_timer *timer);

/*
 * Cancels, and waits until its function is not running. Not from that function; no lock it takes.
 */
void net_timer_cancel_wait(struct net_timer *timer);

static inline bool net_timer_is_armed(const struct net_timer *timer)
{
    return __atomic_load_n(&timer->armed,
                           __ATOMIC_RELAXED); /* A hint, or under the owner's lock. */
}

/* How many are armed, on all CPUs, for leak tests. */
u64 net_timer_count(void);

void timer_wheel_init(void);
