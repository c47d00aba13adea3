/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Spinlocks. Interrupts stay off while one is held, so interrupt handlers and bottom halves may
 * take any of them. Who holds one does not sleep.
 *
 * Every lock has a rank, and a thread takes locks in rising rank only. Debug builds check this and
 * name both ranks when it is broken. The ranks, lowest first, are the whole lock order of the
 * kernel; docs/locking.md says why each stands where it does.
 */

#include "lib/base/types.h"

enum lock_rank {
    /* Mutexes and reader-writer locks: they come before every spinlock. */
    LOCK_RANK_FILE_POSITION = 1, /* An open file's position, while bytes move. */
    LOCK_RANK_EPOLL_CTL = 2,
    LOCK_RANK_EPOLL_NEST = 3, /* Which epoll watches which. */
    LOCK_RANK_NAMES = 4,      /* The tree of names: lookups read, changes write. */
    LOCK_RANK_INODE = 5,      /* One inode's size and contents. Held over copies, as on Linux. */
    LOCK_RANK_PIPE = 6,       /* Likewise. */
    LOCK_RANK_VM = 8,         /* The address space. A copy to the program may take it. */
    LOCK_RANK_FS = 12,        /* One filesystem's own structures. */
    LOCK_RANK_TRACE = 13,     /* A line of the trace on its way to the host. */

    /* Spinlocks. */
    LOCK_RANK_FDTABLE = 20,
    LOCK_RANK_NAME_CACHE = 22, /* References and the hash of path nodes. */
    LOCK_RANK_FUTEX = 24,
    LOCK_RANK_SIGNAL = 26,       /* The list of the program's threads, and their signals. */
    LOCK_RANK_PAGE_MAPPING = 27, /* The areas that show one cache's pages. */
    LOCK_RANK_PAGE_CACHE = 28,
    LOCK_RANK_PAGE_LRU = 29,  /* The order in which cached pages are evicted. */
    LOCK_RANK_UNIX = 30,      /* All unix sockets; one netlink socket. */
    LOCK_RANK_LISTEN = 34,    /* A listening connection, before those it makes. */
    LOCK_RANK_SOCKET = 36,    /* One connection or socket of the network stack. */
    LOCK_RANK_NET_TABLE = 40, /* Lookup tables, ports, routes, neighbours. */
    LOCK_RANK_NET_TIMER = 44,
    LOCK_RANK_FILE_STATE = 46, /* eventfd, timerfd, signalfd: one small counter. */
    LOCK_RANK_WAIT = 50,       /* A wait queue. */
    LOCK_RANK_EPOLL = 52,      /* An epoll's ready list, taken by the wait queues it hangs on. */
    LOCK_RANK_EPOLL_WAIT = 54, /* Threads in an epoll_wait(), or the one in a poll(). */
    LOCK_RANK_NETDEV = 62,
    LOCK_RANK_VIRTQUEUE = 66,
    LOCK_RANK_TIMER = 74, /* One CPU's timers. */
    LOCK_RANK_SCHED = 78, /* One CPU's run queue; a second only by spin_try_lock(). */
    LOCK_RANK_HEAP = 82,
    LOCK_RANK_VMAP = 84,
    LOCK_RANK_PAGES_ONLINE = 85, /* Bringing more memory online: maps it. */
    LOCK_RANK_MMU = 86,          /* The kernel's page tables; new tables are pages. */
    LOCK_RANK_PAGES = 88,
    LOCK_RANK_IRQ = 90,
    LOCK_RANK_ENTROPY = 92,
    LOCK_RANK_LOG = 99, /* Last: anything may log while it holds anything. */
};

struct LOCKABLE spinlock {
    u32 word;            /* [atomic] 0 while free. */
    enum lock_rank rank; /* [const] */
};

#define SPINLOCK_INIT(its_rank)       \
    {                                 \
        .word = 0, .rank = (its_rank) \
    }

void spinlock_init(struct spinlock *lock, enum lock_rank rank);
void spin_lock(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock(struct spinlock *lock) RELEASES(lock);
/* For a second lock of the same rank, in the order the rank's comment gives. */
void spin_lock_nested(struct spinlock *lock) ACQUIRES(lock);
/* True when it got the lock. Any rank: who does not wait cannot deadlock. */
bool spin_try_lock(struct spinlock *lock) MUST_USE;
bool spin_is_locked(const struct spinlock *lock);

/* How many this CPU holds. Above 0: sleeping is a bug. */
u32 spin_locks_held(void);

/*
 * cpu_kick() once this CPU holds no spinlock, at once when it holds none. Whoever is kicked is soon
 * after the locks of whoever woke it, and a kick takes long: it leaves the virtual machine.
 * Interrupts are off.
 */
void spin_kick(u32 cpu);

/* True when interrupts are off only because of spinlocks: they come back on with the last one. */
bool spin_hides_interrupts(void);
