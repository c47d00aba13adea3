/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/core/runqueue.h"

#include "lib/base/num.h"

enum {
    NICE_LOWEST = -20,
    NICE_COUNT = 40,
    WEIGHT_OF_NICE_0 = 1024,
};

/* Each step is about 10 % of CPU time between two threads; the numbers are those of Linux. */
static const u32 weights[NICE_COUNT] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
    172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15,
};

static struct thread *thread_of(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct thread, run_node) : NULL;
}

/* Virtual runtimes are compared by difference, so they may wrap. */
static bool before(u64 left_ns, u64 right_ns)
{
    return (s64)(left_ns - right_ns) < 0;
}

static u64 scale(const struct thread *thread, u64 delta_ns)
{
    if (thread->nice == 0)
        return delta_ns;
    return delta_ns * WEIGHT_OF_NICE_0 / weights[thread->nice - NICE_LOWEST];
}

void runqueue_insert(struct runqueue *queue, struct thread *thread)
{
    struct tree_node **link = &queue->tree.root;
    struct tree_node *parent = NULL;
    bool is_first = true;

    while (*link) {
        parent = *link;
        if (before(thread->vruntime_ns, thread_of(parent)->vruntime_ns)) {
            link = &parent->left;
        } else {
            link = &parent->right;
            is_first = false;
        }
    }
    tree_insert(&queue->tree, parent, link, &thread->run_node);
    if (is_first)
        queue->first = &thread->run_node;
    thread->is_queued = true;
    queue->count++;
}

void runqueue_remove(struct runqueue *queue, struct thread *thread)
{
    if (queue->first == &thread->run_node)
        queue->first = tree_next(&thread->run_node);
    tree_remove(&queue->tree, &thread->run_node);
    thread->is_queued = false;
    queue->count--;
}

struct thread *runqueue_first(const struct runqueue *queue)
{
    return thread_of(queue->first);
}

struct thread *runqueue_next(const struct thread *thread)
{
    return thread_of(tree_next(&thread->run_node));
}

/* The least of the running thread and the queued ones; it never goes back. */
static void advance_min(struct runqueue *queue, u64 running_ns)
{
    const struct thread *first = runqueue_first(queue);
    u64 least_ns = running_ns;

    if (first && before(first->vruntime_ns, least_ns))
        least_ns = first->vruntime_ns;
    if (before(queue->min_vruntime_ns, least_ns))
        queue->min_vruntime_ns = least_ns;
}

void runqueue_charge(struct runqueue *queue, struct thread *thread, u64 now_ns)
{
    u64 delta_ns = now_ns > thread->run_since_ns ? now_ns - thread->run_since_ns : 0;

    thread->run_since_ns = now_ns;
    thread->runtime_ns += delta_ns;
    if (thread->is_idle)
        return;
    thread->vruntime_ns += scale(thread, delta_ns);
    advance_min(queue, thread->vruntime_ns);
}

void runqueue_place(const struct runqueue *queue, struct thread *thread)
{
    u64 earliest_ns = queue->min_vruntime_ns - SLEEPER_CREDIT_NS;

    if (before(thread->vruntime_ns, earliest_ns))
        thread->vruntime_ns = earliest_ns;
}

void runqueue_move(const struct runqueue *queue, u64 from_min_vruntime_ns, struct thread *thread)
{
    thread->vruntime_ns += queue->min_vruntime_ns - from_min_vruntime_ns;
    runqueue_place(queue, thread);
}

bool runqueue_preempts(const struct thread *woken, const struct thread *running, u64 now_ns)
{
    u64 ran_ns = now_ns > running->run_since_ns ? now_ns - running->run_since_ns : 0;
    u64 running_ns = running->vruntime_ns + scale(running, ran_ns);

    return before(woken->vruntime_ns + WAKE_PREEMPT_NS, running_ns);
}

u64 runqueue_slice_ns(const struct runqueue *queue)
{
    return u64_max(2ull * SLICE_NS / (queue->count + 1), SLICE_MIN_NS);
}
