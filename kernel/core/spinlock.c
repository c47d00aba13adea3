/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spinlocks. The interrupt flag belongs to the CPU and not to a lock, because locks need not be
 * given back in the order they were taken: the first one taken remembers it, the last one given
 * back restores it.
 *
 * A debug build keeps what each CPU holds, ordered by rank because that is the order of taking.
 */
#include "kernel/core/spinlock.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/panic.h"

enum {
    HELD_MAX = 16, /* Debug builds stop when a CPU holds more. */
};

struct cpu_locks {
    u32 depth; /* [irq] Locks held. */
    bool irq_was_on;
    u32 held_count; /* The rest is for debug builds. */
    const struct spinlock *held[HELD_MAX];
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct cpu_locks cpu_locks[CPUS_MAX];

void spinlock_init(struct spinlock *lock, enum lock_rank rank)
{
    lock->word = 0;
    lock->rank = rank;
}

static void check_rank(const struct cpu_locks *locks, const struct spinlock *lock, bool nested)
{
    const struct spinlock *top;

    if (locks->held_count == 0)
        return;
    top = locks->held[locks->held_count - 1];
    if (top->rank > lock->rank || (top->rank == lock->rank && !nested))
        panic("spinlock of rank %d taken under one of rank %d", lock->rank, top->rank);
}

static void note_taken(struct cpu_locks *locks, const struct spinlock *lock)
{
    u32 i = locks->held_count;

    if (i == HELD_MAX)
        panic("more than %d spinlocks held", HELD_MAX);
    for (; i > 0 && locks->held[i - 1]->rank > lock->rank; i--)
        locks->held[i] = locks->held[i - 1]; /* Only after spin_try_lock(). */
    locks->held[i] = lock;
    locks->held_count++;
}

static void note_released(struct cpu_locks *locks, const struct spinlock *lock)
{
    u32 i = locks->held_count;

    while (i > 0 && locks->held[i - 1] != lock)
        i--;
    if (i == 0)
        panic("spinlock of rank %d given back, but not held by this CPU", lock->rank);
    for (locks->held_count--; i <= locks->held_count; i++)
        locks->held[i - 1] = locks->held[i];
}

static inline bool take(struct spinlock *lock)
{
    /* Pairs with the release in spin_unlock(). */
    return __atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void entered(struct cpu_locks *locks, const struct spinlock *lock, bool irq_was_on)
{
    if (locks->depth++ == 0)
        locks->irq_was_on = irq_was_on;
    if (KERNEL_DEBUG)
        note_taken(locks, lock);
}

static inline void lock_it(struct spinlock *lock, bool nested) LOCK_INTERNALS
{
    bool irq_was_on = irq_save();
    struct cpu_locks *locks = &cpu_locks[cpu_id()];
    u32 turns = 0;

    if (KERNEL_DEBUG)
        check_rank(locks, lock, nested);
    while (!take(lock)) {
        while (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0)
            cpu_spin(++turns);
    }
    entered(locks, lock, irq_was_on);
}

void spin_lock(struct spinlock *lock) LOCK_INTERNALS
{
    lock_it(lock, false);
}

void spin_lock_nested(struct spinlock *lock) LOCK_INTERNALS
{
    lock_it(lock, true);
}

bool spin_try_lock(struct spinlock *lock) LOCK_INTERNALS
{
    bool irq_was_on = irq_save();

    if (!take(lock)) {
        irq_restore(irq_was_on);
        return false;
    }
    entered(&cpu_locks[cpu_id()], lock, irq_was_on);
    return true;
}

void spin_unlock(struct spinlock *lock) LOCK_INTERNALS
{
    struct cpu_locks *locks = &cpu_locks[cpu_id()];

    if (KERNEL_DEBUG)
        note_released(locks, lock);
    __atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE); /* Pairs with take(). */
    if (--locks->depth == 0)
        irq_restore(locks->irq_was_on);
}

bool spin_is_locked(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0;
}

u32 spin_locks_held(void)
{
    return cpu_locks[cpu_id()].depth;
}

bool spin_hides_interrupts(void)
{
    const struct cpu_locks *locks = &cpu_locks[cpu_id()];

    return locks->depth > 0 && locks->irq_was_on;
}
