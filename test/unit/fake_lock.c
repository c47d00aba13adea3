/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks without waiting. There is one thread, so a lock that is taken is a deadlock, a second
 * spinlock of no higher rank could be one, and sleeping under a spinlock is one.
 */
#include "kernel/arch/cpu.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    HELD_MAX = 64,
};

struct held {
    const void *lock;
    enum lock_rank rank;
};

int fake_locks_held;
int fake_mutexes_held;
bool fake_ranks_ignored;
void (*fake_write_lock_hook)(void);

static struct held held[HELD_MAX];
static int held_count;
static bool irq_was_on;

static _Noreturn void die(const char *why, const void *lock, int rank)
{
    fprintf(stderr, "fake_lock: %s (lock %p, rank %d)\n", why, lock, rank);
    abort();
}

void fake_may_sleep(const char *what)
{
    if (fake_locks_held > 0)
        die(what, held[held_count - 1].lock, (int)held[held_count - 1].rank);
}

static void hold(const void *lock, enum lock_rank rank, bool same_rank_allowed)
{
    for (int i = 0; i < held_count && !fake_ranks_ignored; i++) {
        if (held[i].rank > rank || (held[i].rank == rank && !same_rank_allowed))
            die("taken out of order", lock, (int)rank);
    }
    if (held_count == HELD_MAX)
        die("too many locks", lock, (int)rank);
    held[held_count++] = (struct held){ lock, rank };
}

static void unhold(const void *lock, enum lock_rank rank)
{
    for (int i = held_count - 1; i >= 0; i--) {
        if (held[i].lock == lock) {
            held[i] = held[--held_count];
            return;
        }
    }
    die("given back, but not held", lock, (int)rank);
}

void spinlock_init(struct spinlock *lock, enum lock_rank rank)
{
    *lock = (struct spinlock){ .rank = rank };
}

static void spin_take(struct spinlock *lock, bool nested) LOCK_INTERNALS
{
    if (lock->word != 0)
        die("taken twice", lock, (int)lock->rank);
    hold(lock, lock->rank, nested);
    lock->word = 1;
    if (fake_locks_held++ == 0)
        irq_was_on = irq_save();
}

void spin_lock(struct spinlock *lock) LOCK_INTERNALS
{
    spin_take(lock, false);
}

void spin_lock_nested(struct spinlock *lock) LOCK_INTERNALS
{
    spin_take(lock, true);
}

void spin_unlock(struct spinlock *lock) LOCK_INTERNALS
{
    if (lock->word != 1)
        die("not locked", lock, (int)lock->rank);
    unhold(lock, lock->rank);
    lock->word = 0;
    if (--fake_locks_held == 0)
        irq_restore(irq_was_on);
}

bool spin_try_lock(struct spinlock *lock) LOCK_INTERNALS
{
    if (lock->word != 0)
        return false;
    spin_take(lock, true);
    return true;
}

u32 spin_locks_held(void)
{
    return (u32)fake_locks_held;
}

bool spin_hides_interrupts(void)
{
    return fake_locks_held > 0 && irq_was_on;
}

bool spin_is_locked(const struct spinlock *lock)
{
    return lock->word != 0;
}

void mutex_init(struct mutex *mutex, enum lock_rank rank)
{
    *mutex = (struct mutex){ .rank = rank };
}

void mutex_lock(struct mutex *mutex) LOCK_INTERNALS
{
    fake_may_sleep("mutex taken under a spinlock");
    if (mutex->owner)
        die("mutex taken twice", mutex, (int)mutex->rank);
    hold(mutex, mutex->rank, true); /* Two of a rank go by address or by the rank's comment. */
    mutex->owner = thread_current();
    fake_mutexes_held++;
}

void mutex_unlock(struct mutex *mutex) LOCK_INTERNALS
{
    if (mutex->owner != thread_current())
        die("mutex is not ours", mutex, (int)mutex->rank);
    unhold(mutex, mutex->rank);
    mutex->owner = NULL;
    fake_mutexes_held--;
}

bool mutex_is_mine(const struct mutex *mutex)
{
    return mutex->owner == thread_current();
}

void rwlock_init(struct rwlock *lock, enum lock_rank rank)
{
    *lock = (struct rwlock){ .rank = rank };
}

void rwlock_read_lock(struct rwlock *lock) LOCK_INTERNALS
{
    fake_may_sleep("rwlock taken under a spinlock");
    if (lock->holders != 0)
        die("rwlock taken twice", lock, (int)lock->rank);
    hold(lock, lock->rank, true);
    lock->holders = 1;
    fake_mutexes_held++;
}

void rwlock_read_unlock(struct rwlock *lock) LOCK_INTERNALS
{
    if (lock->holders != 1)
        die("rwlock is not held for reading", lock, (int)lock->rank);
    unhold(lock, lock->rank);
    lock->holders = 0;
    fake_mutexes_held--;
}

void rwlock_write_lock(struct rwlock *lock) LOCK_INTERNALS
{
    void (*hook)(void) = fake_write_lock_hook;

    fake_may_sleep("rwlock taken under a spinlock");
    fake_write_lock_hook = NULL;
    if (hook)
        hook();
    if (lock->holders != 0)
        die("rwlock taken twice", lock, (int)lock->rank);
    hold(lock, lock->rank, true);
    lock->holders = -1;
    lock->writer = thread_current();
    fake_mutexes_held++;
}

void rwlock_write_unlock(struct rwlock *lock) LOCK_INTERNALS
{
    if (lock->holders != -1)
        die("rwlock is not held for writing", lock, (int)lock->rank);
    unhold(lock, lock->rank);
    lock->holders = 0;
    lock->writer = NULL;
    fake_mutexes_held--;
}

bool rwlock_is_mine(const struct rwlock *lock)
{
    return lock->holders == -1 && lock->writer == thread_current();
}
