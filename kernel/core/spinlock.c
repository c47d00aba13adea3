/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spinlocks. The interrupt flag belongs to the CPU and not to a lock, because locks need not be
 * given back in the order they were taken: the first one taken remembers it, the last one given
 * back restores it. Both, and how many are held, are in the CPU's lock word: a packet takes a dozen
 * locks, and each costs some twenty instructions. So is whether another CPU is to be kicked when
 * the last one is given back.
 *
 * A debug build keeps what each CPU holds, ordered by rank because that is the order of taking.
 */
#include "kernel/core/spinlock.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/panic.h"

enum {
    LOCK_WORD_IRQ_WAS_ON = 1, /* Before the first lock was taken. */
    LOCK_WORD_ONE = 2,        /* A lock that is held. */
    HELD_MAX = 16,            /* Debug builds stop when a CPU holds more. */
};
#define LOCK_WORD_KICK (1u << 31) /* `kicks` is not empty. */

/* What a CPU holds, in debug builds. [irq] */
struct cpu_locks {
    u32 count;
    const struct spinlock *held[HELD_MAX];
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct cpu_locks cpu_locks[KERNEL_DEBUG ? CPUS_MAX : 1];
static u64 kicks[CPUS_MAX]; /* [irq] The CPUs that each is to kick. */

void spinlock_init(struct spinlock *lock, enum lock_rank rank)
{
    lock->word = 0;
    lock->rank = rank;
}

static void check_rank(const struct spinlock *lock, bool nested)
{
    const struct cpu_locks *locks = &cpu_locks[cpu_id()];
    const struct spinlock *top;

    if (locks->count == 0)
        return;
    top = locks->held[locks->count - 1];
    if (top->rank > lock->rank || (top->rank == lock->rank && !nested))
        panic("spinlock of rank %d taken under one of rank %d", lock->rank, top->rank);
}

static void note_taken(const struct spinlock *lock)
{
    struct cpu_locks *locks = &cpu_locks[cpu_id()];
    u32 i = locks->count;

    if (i == HELD_MAX)
        panic("more than %d spinlocks held", HELD_MAX);
    for (; i > 0 && locks->held[i - 1]->rank > lock->rank; i--)
        locks->held[i] = locks->held[i - 1]; /* Only after spin_try_lock(). */
    locks->held[i] = lock;
    locks->count++;
}

static void note_released(const struct spinlock *lock)
{
    struct cpu_locks *locks = &cpu_locks[cpu_id()];
    u32 i = locks->count;

    while (i > 0 && locks->held[i - 1] != lock)
        i--;
    if (i == 0)
        panic("spinlock of rank %d given back, but not held by this CPU", lock->rank);
    for (locks->count--; i <= locks->count; i++)
        locks->held[i - 1] = locks->held[i];
}

static inline bool take(struct spinlock *lock)
{
    /* Pairs with the release in spin_unlock(). */
    return __atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void entered(const struct spinlock *lock, bool irq_was_on)
{
    u32 word = lock_word();

    lock_word_set(word != 0 ? word + LOCK_WORD_ONE : LOCK_WORD_ONE | irq_was_on);
    if (KERNEL_DEBUG)
        note_taken(lock);
}

/* Apart from lock_it(), so that a lock that is free costs no stack frame. */
static __attribute__((noinline)) void wait(struct spinlock *lock, bool irq_was_on)
{
    u32 turns = 0;

    do {
        while (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0)
            cpu_spin(++turns);
    } while (!take(lock));
    entered(lock, irq_was_on);
}

static inline void lock_it(struct spinlock *lock, bool nested) LOCK_INTERNALS
{
    bool irq_was_on = irq_save();

    if (KERNEL_DEBUG)
        check_rank(lock, nested);
    if (take(lock)) {
        entered(lock, irq_was_on);
    } else {
        wait(lock, irq_was_on);
    }
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
    entered(lock, irq_was_on);
    return true;
}

/* The word after a lock was given back, and has LOCK_WORD_KICK. */
static __attribute__((noinline)) void unlocked_before_kick(u32 word)
{
    u64 to_kick = kicks[cpu_id()];

    if ((word & ~LOCK_WORD_KICK) >= LOCK_WORD_ONE) {
        lock_word_set(word);
        return;
    }
    kicks[cpu_id()] = 0;
    lock_word_set(0);
    for (; to_kick != 0; to_kick &= to_kick - 1)
        cpu_kick((u32)__builtin_ctzll(to_kick));
    irq_restore((word & LOCK_WORD_IRQ_WAS_ON) != 0);
}

void spin_unlock(struct spinlock *lock) LOCK_INTERNALS
{
    u32 word = lock_word() - LOCK_WORD_ONE;

    if (KERNEL_DEBUG)
        note_released(lock);
    __atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE); /* Pairs with take(). */
    if ((s32)word >= LOCK_WORD_ONE) {
        lock_word_set(word);
    } else if ((s32)word < 0) {
        unlocked_before_kick(word);
    } else {
        lock_word_set(0);
        irq_restore(word == LOCK_WORD_IRQ_WAS_ON);
    }
}

bool spin_is_locked(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0;
}

u32 spin_locks_held(void)
{
    return (lock_word() & ~LOCK_WORD_KICK) / LOCK_WORD_ONE;
}

void spin_kick(u32 cpu)
{
    if (lock_word() == 0) {
        cpu_kick(cpu);
        return;
    }
    kicks[cpu_id()] |= 1ull << cpu;
    lock_word_set(lock_word() | LOCK_WORD_KICK);
}

bool spin_hides_interrupts(void)
{
    return (lock_word() & LOCK_WORD_IRQ_WAS_ON) != 0;
}
