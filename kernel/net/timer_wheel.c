/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hierarchical timer wheel per CPU (Varghese and Lauck 1987), tickless.
 *
 * Level n has 64 slots of 64^n ms. A timer lies at the level of the highest 6-bit digit in which
 * its expiry differs from the wheel's time, in the slot of its own digit there.
 *
 * Invariants
 *  1. A timer's digits above its level equal those of `now_ms`, and its digit at its level is
 *     greater. So the first slot in use of the lowest level in use is what happens next.
 *  2. `now_ms` never passes a slot in use: when it reaches one of a higher level, those timers move
 *     down first.
 *  3. `occupied` has the bit of exactly those slots that are not empty.
 */
#include "kernel/net/timer_wheel.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/clock.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/timer.h"
#include "kernel/mm/heap.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    SLOT_BITS = 6,
    SLOTS = 1 << SLOT_BITS,
    LEVELS = 7, /* 2^42 ms are 139 years: more than any machine is up. */
};
#define TIME_MAX_MS ((1ull << (SLOT_BITS * LEVELS)) - 1)

struct wheel {
    struct spinlock lock; /* LOCK_RANK_NET_TIMER. Guards all below. */
    u64 now_ms;           /* Everything up to here has fired. */
    u64 core_ms;          /* What `core` is armed for, or UINT64_MAX. */
    u64 count;
    u64 occupied[LEVELS];
    struct net_timer *running; /* Only its function may run unlocked. */
    struct timer core;
    struct list slots[LEVELS][SLOTS];
};

/* Made when a CPU arms its first timer: a machine may have few CPUs. [atomic] */
static struct wheel *wheels[CPUS_MAX];

static void wheel_run(struct timer *core);

static struct wheel *wheel_create(void)
{
    struct wheel *wheel = heap_alloc_zero(sizeof(*wheel));

    if (!wheel)
        return NULL;
    spinlock_init(&wheel->lock, LOCK_RANK_NET_TIMER);
    wheel->core_ms = UINT64_MAX;
    wheel->now_ms = clock_now_ns() / NS_PER_MS;
    timer_init(&wheel->core, wheel_run);
    for (u32 level = 0; level < LEVELS; level++) {
        for (u32 slot = 0; slot < SLOTS; slot++)
            list_init(&wheel->slots[level][slot]);
    }
    return wheel;
}

/*
 * This CPU's wheel; CPU 0's when memory is out. Its timer then moves between CPUs, which is slow.
 */
static u32 wheel_here(void)
{
    u32 cpu = cpu_id();

    if (!__atomic_load_n(&wheels[cpu], __ATOMIC_ACQUIRE)) {
        struct wheel *wheel = wheel_create();
        struct wheel *none = NULL;

        if (!wheel)
            return 0;
        /* An interrupt may have come in between, and made one. */
        if (!__atomic_compare_exchange_n(&wheels[cpu], &none, wheel, false, __ATOMIC_RELEASE,
                                         __ATOMIC_RELAXED))
            heap_free(wheel);
    }
    return cpu;
}

/* Locks the wheel that `timer` is on, or was on last. */
static struct wheel *lock_wheel_of(struct net_timer *timer) LOCK_INTERNALS
{
    for (;;) {
        u32 cpu = __atomic_load_n(&timer->cpu, __ATOMIC_RELAXED);
        struct wheel *wheel = __atomic_load_n(&wheels[cpu], __ATOMIC_ACQUIRE);

        spin_lock(&wheel->lock);
        /* It changes only under the lock of the wheel it names. */
        if (__atomic_load_n(&timer->cpu, __ATOMIC_RELAXED) == cpu)
            return wheel;
        spin_unlock(&wheel->lock);
    }
}

/* Puts a timer into its slot. `expires_ms` is after now_ms. */
static void wheel_insert(struct wheel *wheel, struct net_timer *timer)
{
    u32 level = log2_floor(timer->expires_ms ^ wheel->now_ms) / SLOT_BITS;
    u32 slot = (u32)(timer->expires_ms >> (level * SLOT_BITS)) & (SLOTS - 1);

    list_push_back(&wheel->slots[level][slot], &timer->link);
    wheel->occupied[level] |= 1ull << slot;
}

static void wheel_remove(struct wheel *wheel, struct net_timer *timer)
{
    struct list *slot = timer->link.next;
    bool was_last = timer->link.next == timer->link.prev;

    list_remove(&timer->link);
    /* A neighbour on both sides is the slot's head, unless it is on the list of what fires now. */
    if (was_last && slot >= &wheel->slots[0][0] && slot <= &wheel->slots[LEVELS - 1][SLOTS - 1]) {
        size_t index = (size_t)(slot - &wheel->slots[0][0]);

        wheel->occupied[index / SLOTS] &= ~(1ull << (index % SLOTS));
    }
    timer->armed = false;
    wheel->count--;
}

/* When the next slot in use is due, and which; UINT64_MAX when none is. Invariant 1. */
static u64 wheel_next(const struct wheel *wheel, u32 *level, u32 *slot)
{
    for (*level = 0; *level < LEVELS; ++*level) {
        u32 shift = *level * SLOT_BITS;
        u64 above = wheel->now_ms >> (shift + SLOT_BITS) << (shift + SLOT_BITS);

        if (wheel->occupied[*level] == 0)
            continue;
        *slot = (u32)__builtin_ctzll(wheel->occupied[*level]);
        return above + ((u64)*slot << shift);
    }
    return UINT64_MAX;
}

/* Arms the core timer for what comes next, if it is not armed for that or earlier already. */
static void wheel_arm_core(struct wheel *wheel)
{
    u32 level;
    u32 slot;
    u64 next_ms = wheel_next(wheel, &level, &slot);

    if (next_ms >= wheel->core_ms)
        return;
    wheel->core_ms = next_ms;
    timer_arm(&wheel->core, next_ms * NS_PER_MS);
}

/* Runs what is on `due`, one at a time, unlocked: a function may do anything to any timer. */
static void wheel_fire(struct wheel *wheel, struct list *due) LOCK_INTERNALS
{
    while (!list_is_empty(due)) {
        struct net_timer *timer = LIST_ENTRY(due->next, struct net_timer, link);

        wheel_remove(wheel, timer);
        wheel->running = timer;
        spin_unlock(&wheel->lock);
        timer->fn(timer); /* May free it. */
        spin_lock(&wheel->lock);
        wheel->running = NULL;
    }
}

/* Empties the slot that now_ms has reached: timers that are due go to `due`, the others down. */
static void wheel_empty_slot(struct wheel *wheel, u32 level, u32 slot, struct list *due)
{
    struct list moved;
    struct list *node;

    list_init(&moved);
    list_splice_back(&moved, &wheel->slots[level][slot]);
    wheel->occupied[level] &= ~(1ull << slot);
    node = list_pop_front(&moved);
    while (node) {
        struct net_timer *timer = LIST_ENTRY(node, struct net_timer, link);

        if (timer->expires_ms <= wheel->now_ms) {
            list_push_back(due, node);
        } else {
            wheel_insert(wheel, timer);
        }
        node = list_pop_front(&moved);
    }
}

static void wheel_run(struct timer *core)
{
    struct wheel *wheel = CONTAINER_OF(core, struct wheel, core);
    u64 until_ms = clock_now_ns() / NS_PER_MS;
    struct list due;

    list_init(&due);
    spin_lock(&wheel->lock);
    wheel->core_ms = UINT64_MAX;
    for (;;) {
        u32 level;
        u32 slot;
        u64 next_ms = wheel_next(wheel, &level, &slot);

        if (next_ms > until_ms)
            break;
        wheel->now_ms = next_ms;
        wheel_empty_slot(wheel, level, slot, &due);
        wheel_fire(wheel, &due);
    }
    if (until_ms > wheel->now_ms)
        wheel->now_ms = until_ms;
    wheel_arm_core(wheel);
    spin_unlock(&wheel->lock);
}

void net_timer_init(struct net_timer *timer, net_timer_fn *fn)
{
    *timer = (struct net_timer){ .fn = fn };
    list_init(&timer->link);
}

/* An empty wheel may have stood still for long: it catches up before it is used again. */
static void wheel_catch_up(struct wheel *wheel, u64 now_ms)
{
    if (wheel->count == 0 && now_ms > wheel->now_ms)
        wheel->now_ms = now_ms;
}

bool net_timer_arm(struct net_timer *timer, u64 deadline_ns) LOCK_INTERNALS
{
    u64 now_ms = clock_now_ns() / NS_PER_MS;
    u64 expires_ms = deadline_ns / NS_PER_MS + 1;
    u32 cpu = wheel_here();
    struct wheel *wheel = lock_wheel_of(timer);
    bool was_armed = timer->armed;

    if (was_armed)
        wheel_remove(wheel, timer);
    if (timer->cpu != cpu) {
        __atomic_store_n(&timer->cpu, cpu, __ATOMIC_RELAXED);
        spin_unlock(&wheel->lock);
        wheel = wheels[cpu];
        spin_lock(&wheel->lock);
    }
    wheel_catch_up(wheel, now_ms);
    expires_ms = u64_min(expires_ms, TIME_MAX_MS);
    timer->expires_ms = u64_max(expires_ms, wheel->now_ms + 1);
    timer->armed = true;
    wheel->count++;
    wheel_insert(wheel, timer);
    wheel_arm_core(wheel);
    spin_unlock(&wheel->lock);
    return !was_armed;
}

bool net_timer_cancel(struct net_timer *timer) LOCK_INTERNALS
{
    struct wheel *wheel;
    bool was_armed;

    /* Nobody else arms it meanwhile, so what is not armed now will not fire. */
    if (!net_timer_is_armed(timer))
        return false;
    wheel = lock_wheel_of(timer);
    was_armed = timer->armed;
    if (was_armed)
        wheel_remove(wheel, timer);
    spin_unlock(&wheel->lock);
    return was_armed;
}

void net_timer_cancel_wait(struct net_timer *timer) LOCK_INTERNALS
{
    for (;;) {
        struct wheel *wheel = lock_wheel_of(timer);
        bool is_running = wheel->running == timer;

        if (timer->armed)
            wheel_remove(wheel, timer);
        spin_unlock(&wheel->lock);
        if (!is_running)
            return;
        cpu_relax();
    }
}

u64 net_timer_count(void)
{
    u64 count = 0;

    for (u32 cpu = 0; cpu < CPUS_MAX; cpu++) {
        if (wheels[cpu])
            count += wheels[cpu]->count;
    }
    return count;
}

void timer_wheel_init(void)
{
    if (!wheels[0])
        wheels[0] = wheel_create();
    if (!wheels[0])
        panic("timer wheel: no memory at boot");
}
