/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside kernel/core: the threads of one CPU that could run, by virtual runtime. The running one is
 * not among them. No locks and no CPUs here, so all of it is tested on the host.
 *
 * A thread's virtual runtime grows with the CPU time it gets, slower the higher its weight; who has
 * least runs next. `min_vruntime_ns` only grows and is where a newcomer starts.
 */

#include "kernel/core/thread.h"
#include "lib/base/tree.h"
#include "lib/base/types.h"

enum {
    SLEEPER_CREDIT_NS = 3 * 1000 * 1000, /* What a sleeper may be ahead of those that ran. */
    WAKE_PREEMPT_NS = 1000 * 1000,       /* How much further ahead it must be to interrupt. */
    SLICE_NS = 3 * 1000 * 1000,          /* With two threads; divided among more. */
    SLICE_MIN_NS = 750 * 1000,
};

struct runqueue {
    struct tree tree;
    struct tree_node *first;
    u32 count;
    u64 min_vruntime_ns;
};

void runqueue_insert(struct runqueue *queue, struct thread *thread);
void runqueue_remove(struct runqueue *queue, struct thread *thread);

/* Who is to run next, or NULL. Stays queued. */
struct thread *runqueue_first(const struct runqueue *queue);
struct thread *runqueue_next(const struct thread *thread);

/* Charges `thread`, which ran on `queue`'s CPU until `now_ns`. */
void runqueue_charge(struct runqueue *queue, struct thread *thread, u64 now_ns);

/* Gives a thread that slept its place: near its old one, with bounded credit. */
void runqueue_place(const struct runqueue *queue, struct thread *thread);

/* The same, for one that comes from the CPU of `from`. */
void runqueue_move(const struct runqueue *queue, u64 from_min_vruntime_ns, struct thread *thread);

/* True when `woken` is so far ahead of `running` that it should not wait for its slice to end. */
bool runqueue_preempts(const struct thread *woken, const struct thread *running, u64 now_ns);

/* How long one thread runs while `queue` waits. */
u64 runqueue_slice_ns(const struct runqueue *queue);
