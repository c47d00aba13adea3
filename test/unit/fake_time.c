/* SPDX-License-Identifier: Apache-2.0 */
/* Time that stands still until fake_clock_advance(), with timers and bottom halves to match. */
#include "kernel/core/bottom_half.h"
#include "kernel/core/clock.h"
#include "kernel/core/timer.h"
#include "lib/base/list.h"
#include "lib/base/tree.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>

enum fake_timer_state {
    TIMER_IDLE,
    TIMER_ARMED,
};

u64 fake_now_ns = 1000000000;
u64 fake_wall_offset_ns = 1700000000000000000;
bool fake_in_interrupt;

static struct timer *timers; /* Armed, by deadline; linked through node.right. */
static int halves_disabled;
static bool halves_running;
static struct list halves = LIST_INIT(halves);

static struct timer *after(struct timer *timer)
{
    return timer->node.right ? TREE_ENTRY(timer->node.right, struct timer, node) : NULL;
}

u64 clock_now_ns(void)
{
    return fake_now_ns;
}

u64 clock_wall_ns(void)
{
    return fake_now_ns + fake_wall_offset_ns;
}

void clock_set_wall_ns(u64 wall_ns)
{
    fake_wall_offset_ns = wall_ns - fake_now_ns;
}

u64 clock_deadline(u64 delay_ns)
{
    u64 deadline;

    return __builtin_add_overflow(fake_now_ns, delay_ns, &deadline) ? DEADLINE_NONE : deadline;
}

void timer_init(struct timer *timer, timer_fn *fn)
{
    *timer = (struct timer){ .fn = fn };
}

static void unlink_timer(struct timer *timer)
{
    struct timer *before = NULL;

    for (struct timer *at = timers; at != timer; at = after(at)) {
        if (!at)
            abort(); /* Armed, yet not in the list: the struct was overwritten. */
        before = at;
    }
    if (before) {
        before->node.right = timer->node.right;
    } else {
        timers = after(timer);
    }
    timer->node.right = NULL;
    timer->state = TIMER_IDLE;
}

void timer_arm(struct timer *timer, u64 deadline_ns)
{
    struct timer *before = NULL;

    if (!timer->fn) {
        fputs("fake_time: timer without timer_init()\n", stderr);
        abort();
    }
    if (timer->state == TIMER_ARMED)
        unlink_timer(timer);
    timer->deadline_ns = deadline_ns;
    timer->state = TIMER_ARMED;
    for (struct timer *at = timers; at && at->deadline_ns <= deadline_ns; at = after(at))
        before = at;
    if (before) {
        timer->node.right = before->node.right;
        before->node.right = &timer->node;
    } else {
        timer->node.right = timers ? &timers->node : NULL;
        timers = timer;
    }
}

bool timer_cancel(struct timer *timer)
{
    if (timer->state != TIMER_ARMED)
        return false;
    unlink_timer(timer);
    return true;
}

void timer_cancel_wait(struct timer *timer)
{
    timer_cancel(timer);
}

u64 fake_next_deadline(void)
{
    return timers ? timers->deadline_ns : DEADLINE_NONE;
}

int fake_timers_armed(void)
{
    int count = 0;

    for (struct timer *at = timers; at; at = after(at))
        count++;
    return count;
}

static void fire_first(void)
{
    struct timer *timer = timers;

    if (timer->deadline_ns > fake_now_ns)
        fake_now_ns = timer->deadline_ns;
    unlink_timer(timer);
    halves_running = true;
    timer->fn(timer);
    halves_running = false;
    fake_run_bottom_halves();
}

void fake_clock_advance(u64 ns)
{
    u64 end_ns = fake_now_ns + ns;

    fake_run_bottom_halves();
    while (timers && timers->deadline_ns <= end_ns)
        fire_first();
    if (fake_now_ns < end_ns)
        fake_now_ns = end_ns;
}

void bottom_half_init(struct bottom_half *half, bottom_half_fn *fn)
{
    list_init(&half->link);
    half->fn = fn;
    half->queued = false;
}

void bottom_half_queue(struct bottom_half *half)
{
    if (half->queued)
        return;
    half->queued = true;
    list_push_back(&halves, &half->link);
}

int fake_run_bottom_halves(void)
{
    int calls = 0;

    if (halves_running || halves_disabled > 0)
        return 0;
    halves_running = true;
    while (!list_is_empty(&halves)) {
        struct bottom_half *half = LIST_ENTRY(list_pop_front(&halves), struct bottom_half, link);

        half->queued = false;
        calls++;
        if (half->fn(half))
            bottom_half_queue(half);
    }
    halves_running = false;
    return calls;
}

void bottom_half_disable(void)
{
    halves_disabled++;
}

void bottom_half_enable(void)
{
    if (halves_disabled-- == 0)
        abort();
    if (halves_disabled == 0)
        fake_run_bottom_halves();
}

bool in_interrupt(void)
{
    return halves_running || fake_in_interrupt;
}
