/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Locks that may sleep: a mutex, and one for many readers or one writer. Threads only, never in
 * interrupts or bottom halves, never with a spinlock held. Not interruptible by signals.
 */

#include "kernel/core/spinlock.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

struct LOCKABLE mutex {
    struct thread *owner; /* [atomic] NULL while free. */
    u32 waiting;          /* [atomic] How many sleep in `waiters`. */
    struct spinlock lock; /* Guards `waiters`. Rank LOCK_RANK_WAIT. */
    struct list waiters;
    enum lock_rank rank; /* [const] */
};

void mutex_init(struct mutex *mutex, enum lock_rank rank);
void mutex_lock(struct mutex *mutex) ACQUIRES(mutex);
void mutex_unlock(struct mutex *mutex) RELEASES(mutex);
bool mutex_is_mine(const struct mutex *mutex);

/* Writers come first, so that readers cannot starve one. A reader does not take it twice. */
struct LOCKABLE rwlock {
    struct spinlock lock; /* Rank LOCK_RANK_WAIT. */
    int holders;          /* Readers inside, or -1 for a writer. */
    u32 writers_waiting;
    struct thread *writer;
    struct list waiters;
    enum lock_rank rank; /* [const] */
};

void rwlock_init(struct rwlock *lock, enum lock_rank rank);
void rwlock_read_lock(struct rwlock *lock);
void rwlock_read_unlock(struct rwlock *lock);
void rwlock_write_lock(struct rwlock *lock) ACQUIRES(lock);
void rwlock_write_unlock(struct rwlock *lock) RELEASES(lock);
/* True when the running thread holds it for writing. */
bool rwlock_is_mine(const struct rwlock *lock);
