/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Futexes: waiters in a hash table of buckets by key.
 *
 * Invariants
 *  1. A waiter lies on the stack of its thread, and on a bucket's list exactly while it is not
 *     `woken`. `bucket` says which, and changes (requeue) with both buckets locked.
 *  2. The word is read with the bucket locked, and the waiter is on the list before it is unlocked:
 *     who changes the word and then wakes finds it.
 *  3. A waiter does not leave futex_wait() before it has had its bucket locked after it was woken:
 *     until then the waker may touch it, and its thread.
 *
 * The word is read without sleeping; when its page is not there the bucket is unlocked, the page
 * brought in, and all begins again.
 */
#include "kernel/task/futex.h"

#include "abi/linux/errors.h"
#include "abi/linux/futex.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/mm/uaccess.h"
#include "kernel/task/futex_word.h"
#include "kernel/task/task.h"
#include "kernel/vm/vm.h"
#include "lib/base/list.h"

enum {
    BUCKET_BITS = 8,
    BUCKETS = 1 << BUCKET_BITS,
};

struct key {
    const void *object; /* The inode of a shared word, or NULL. */
    u64 place;          /* The address, or the offset in the file. */
};

struct bucket {
    struct spinlock lock; /* LOCK_RANK_FUTEX; two: by address. */
    struct list waiters GUARDED_BY(&lock);
};

struct futex_waiter {
    struct list link;
    struct key key;
    struct bucket *bucket; /* [atomic] Invariant 1. */
    struct thread *thread;
    u32 bitset;
    bool woken; /* [atomic] Written with the bucket locked. */
};

static struct bucket buckets[BUCKETS];

void futex_init(void)
{
    for (u32 i = 0; i < BUCKETS; i++) {
        spinlock_init(&buckets[i].lock, LOCK_RANK_FUTEX);
        list_init(&buckets[i].waiters);
    }
}

static struct bucket *bucket_of(const struct key *key)
{
    u64 hash = ((u64)key->object ^ (key->place >> 2)) * 0x9e3779b97f4a7c15ull;

    return &buckets[hash >> (64 - BUCKET_BITS)];
}

static bool key_equal(const struct key *left, const struct key *right)
{
    return left->object == right->object && left->place == right->place;
}

static int key_find(uaddr_t address, bool shared, struct key *key)
{
    struct inode *inode;
    u64 off;

    if (address % sizeof(u32) != 0)
        return -EINVAL;
    if (!user_range_ok(address, sizeof(u32)))
        return -EFAULT;
    *key = (struct key){ .place = address };
    if (shared && vm_shared_key(address, &inode, &off))
        *key = (struct key){ .object = inode, .place = off };
    return 0;
}

/* With its bucket locked. Invariant 3 keeps thread and waiter alive for the two lines. */
static void waiter_wake(struct futex_waiter *waiter)
{
    list_remove(&waiter->link);
    __atomic_store_n(&waiter->woken, true, __ATOMIC_RELEASE); /* Pairs with waiter_sleep(). */
    sched_wake(waiter->thread);
}

static u32 bucket_wake(struct bucket *bucket, const struct key *key, u32 count, u32 bitset)
{
    struct list *node;
    struct list *after;
    u32 woken = 0;

    LIST_FOR_EACH_SAFE (&bucket->waiters, node, after) {
        struct futex_waiter *waiter = LIST_ENTRY(node, struct futex_waiter, link);

        if (woken == count)
            break;
        if (!key_equal(&waiter->key, key) || (waiter->bitset & bitset) == 0)
            continue;
        waiter_wake(waiter);
        woken++;
    }
    return woken;
}

/* Locks the bucket the waiter is in just now. */
static struct bucket *waiter_lock(struct futex_waiter *waiter) LOCK_INTERNALS
{
    for (;;) {
        struct bucket *bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_ACQUIRE);

        spin_lock(&bucket->lock);
        if (bucket == __atomic_load_n(&waiter->bucket, __ATOMIC_RELAXED))
            return bucket;
        spin_unlock(&bucket->lock);
    }
}

static int waiter_sleep(struct futex_waiter *waiter, u64 deadline_ns)
{
    for (;;) {
        sched_sleep_prepare();
        if (__atomic_load_n(&waiter->woken, __ATOMIC_ACQUIRE)) {
            sched_sleep_cancel();
            return 0;
        }
        if (task_interrupted()) {
            sched_sleep_cancel();
            return -EINTR;
        }
        if (!sched_sleep(deadline_ns))
            return -ETIMEDOUT;
    }
}

/* A wake-up that comes with the timeout or the signal wins: somebody counted on it. */
static int waiter_finish(struct futex_waiter *waiter, int err) LOCK_INTERNALS
{
    struct bucket *bucket = waiter_lock(waiter);
    bool woken = __atomic_load_n(&waiter->woken, __ATOMIC_RELAXED);

    if (!woken)
        list_remove(&waiter->link);
    spin_unlock(&bucket->lock);
    return woken ? 0 : err;
}

/* Invariant 2. -EFAULT here only says that the page has to be brought in first. */
static int waiter_add(struct futex_waiter *waiter, uaddr_t address, u32 expected)
{
    struct bucket *bucket = waiter->bucket;
    u32 value;
    int err;

    spin_lock(&bucket->lock);
    err = user_load32_atomic(address, &value);
    if (err == 0 && value != expected)
        err = -EAGAIN;
    if (err == 0)
        list_push_back(&bucket->waiters, &waiter->link);
    spin_unlock(&bucket->lock);
    return err;
}

long futex_wait(uaddr_t address, u32 expected, u32 bitset, bool shared, u64 deadline_ns)
{
    struct futex_waiter waiter = { .thread = thread_current(), .bitset = bitset };
    u32 value;
    int err = key_find(address, shared, &waiter.key);

    if (err < 0)
        return err;
    waiter.bucket = bucket_of(&waiter.key);

    err = waiter_add(&waiter, address, expected);
    while (err == -EFAULT) {
        err = user_load32(address, &value);
        if (err < 0)
            return err;
        err = waiter_add(&waiter, address, expected);
    }
    if (err < 0)
        return err;
    err = waiter_sleep(&waiter, deadline_ns);
    return waiter_finish(&waiter, err);
}

long futex_wake(uaddr_t address, u32 count, u32 bitset, bool shared)
{
    struct bucket *bucket;
    struct key key;
    u32 woken;
    int err = key_find(address, shared, &key);

    if (err < 0)
        return err;
    bucket = bucket_of(&key);
    spin_lock(&bucket->lock);
    woken = bucket_wake(bucket, &key, count, bitset);
    spin_unlock(&bucket->lock);
    return woken;
}

static void two_lock(struct bucket *left, struct bucket *right) LOCK_INTERNALS
{
    struct bucket *first = left < right ? left : right;
    struct bucket *second = left < right ? right : left;

    spin_lock(&first->lock);
    if (first != second)
        spin_lock_nested(&second->lock);
}

static void two_unlock(struct bucket *left, struct bucket *right) LOCK_INTERNALS
{
    struct bucket *first = left < right ? left : right;
    struct bucket *second = left < right ? right : left;

    if (first != second)
        spin_unlock(&second->lock);
    spin_unlock(&first->lock);
}

static u32 bucket_move(struct bucket *from, const struct key *from_key, struct bucket *to,
                       const struct key *to_key, u32 count)
{
    struct list moved = LIST_INIT(moved);
    struct list *node;
    struct list *after;
    u32 done = 0;

    LIST_FOR_EACH_SAFE (&from->waiters, node, after) {
        struct futex_waiter *waiter = LIST_ENTRY(node, struct futex_waiter, link);

        if (done == count)
            break;
        if (!key_equal(&waiter->key, from_key))
            continue;
        list_remove(node);
        list_push_back(&moved, node);
        waiter->key = *to_key;
        __atomic_store_n(&waiter->bucket, to, __ATOMIC_RELEASE); /* Pairs with waiter_lock(). */
        done++;
    }
    list_splice_back(&to->waiters, &moved);
    return done;
}

/* With both locked. -EFAULT: the page has to be brought in. */
static long requeue_locked(const struct futex_requeue *request, struct bucket *from,
                           const struct key *from_key, struct bucket *to, const struct key *to_key)
{
    u32 value;
    u32 woken;
    u32 moved;
    int err;

    if (request->compares) {
        err = user_load32_atomic(request->from, &value);
        if (err < 0)
            return err;
        if (value != request->expected)
            return -EAGAIN;
    }
    woken = bucket_wake(from, from_key, request->wake_count, FUTEX_BITSET_MATCH_ANY);
    moved = bucket_move(from, from_key, to, to_key, request->move_count);
    return (long)woken + moved;
}

long futex_requeue(const struct futex_requeue *request)
{
    struct bucket *from;
    struct bucket *to;
    struct key from_key;
    struct key to_key;
    u32 value;
    long result = key_find(request->from, request->shared, &from_key);

    if (result == 0)
        result = key_find(request->to, request->shared, &to_key);
    if (result < 0)
        return result;
    from = bucket_of(&from_key);
    to = bucket_of(&to_key);

    for (;;) {
        two_lock(from, to);
        result = requeue_locked(request, from, &from_key, to, &to_key);
        two_unlock(from, to);
        if (result != -EFAULT)
            return result;
        result = user_load32(request->from, &value);
        if (result < 0)
            return result;
    }
}

/* With the buckets locked. -EFAULT: the page has to be made writable. */
static int word_change(uaddr_t address, u32 operation, u32 *old)
{
    u32 value;
    int err = user_load32_atomic(address, &value);

    while (err == 0) {
        err = user_replace32_atomic(address, value, futex_word_apply(operation, value), old);
        if (err != -EAGAIN)
            return err;
        value = *old;
        err = 0;
    }
    return err;
}

long futex_wake_op(uaddr_t first, uaddr_t second, u32 count, u32 second_count, u32 operation,
                   bool shared)
{
    struct bucket *one;
    struct bucket *two;
    struct key first_key;
    struct key second_key;
    u32 woken = 0;
    u32 old = 0;
    int err = key_find(first, shared, &first_key);

    if (err == 0)
        err = key_find(second, shared, &second_key);
    if (err == 0 && !futex_word_is_valid(operation))
        err = -ENOSYS;
    if (err < 0)
        return err;
    one = bucket_of(&first_key);
    two = bucket_of(&second_key);

    for (;;) {
        two_lock(one, two);
        err = word_change(second, operation, &old);
        if (err == 0) {
            woken = bucket_wake(one, &first_key, count, FUTEX_BITSET_MATCH_ANY);
            if (futex_word_compare(operation, old))
                woken += bucket_wake(two, &second_key, second_count, FUTEX_BITSET_MATCH_ANY);
        }
        two_unlock(one, two);
        if (err == 0)
            return woken;
        err = user_load32(second, &old);
        if (err == 0) /* Writes what is there, for the page to become writable. */
            err = user_replace32(second, old, old, &old);
        if (err == -EFAULT)
            return err;
    }
}
