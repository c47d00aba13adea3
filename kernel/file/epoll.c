/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants
 *  1. An item is in its epoll's tree and on its file's list from epoll_add() until detach(), which
 *     only the epoll's mutex allows. Its wait queue is left before the file's list is: a file that
 *     finds its list empty has no waiter of ours on it.
 *  2. On the ready list are items that may be ready: each event puts its item there, so an item
 *     off the list has nothing that was not reported (edge) or seen to be over (level).
 *  3. epoll_wait() holds no lock while it asks a file or copies to the program. It holds references
 *     to the item and to the file, so either may be deleted or closed meanwhile.
 *
 * Locks: epoll's mutex, then the nest mutex, then the file's item list lock; from below, the wait
 * queue of a file, then `ready_lock`, then `sleepers`. Who watches an epoll from outside hangs on
 * `watchers`, which is woken from a bottom half, so that wake-ups do not nest in each other's
 * locks.
 */
#include "kernel/file/epoll.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/tree.h"
#include "lib/base/types.h"

/* Bits of an item's events that say how, not what. An item without others is disabled. */
#define EPOLL_HOW (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

enum {
    LIST_LOCKS = 16, /* Of files' item lists, picked by address. */
};

struct epoll {
    u32 refs; /* [atomic] One of the file, one of each item, one while it is announced. */
    struct mutex mutex;
    struct tree items GUARDED_BY(&mutex);
    struct spinlock ready_lock;
    struct list ready GUARDED_BY(&ready_lock);
    u32 ready_count GUARDED_BY(&ready_lock);
    u32 asleep GUARDED_BY(&ready_lock); /* At least those of `sleepers` nobody has called yet. */
    struct wait_queue sleepers;         /* Threads in epoll_wait(). */
    struct wait_queue watchers;         /* poll() of this epoll, and epolls that watch it. */
    struct bottom_half announcement;
    bool announced;    /* [atomic] */
    struct list inner; /* Items of ours that watch an epoll; under the nest mutex. */
    struct list outer; /* Items of others that watch us; likewise. */
};

struct epoll_item {
    u32 refs;            /* [atomic] One while attached, one for each thread that looks at it. */
    int fd;              /* [const] */
    struct epoll *epoll; /* [const] With a reference. */
    struct file *file;   /* [const] Valid while attached. */
    struct waiter waiter;
    struct tree_node node;  /* In epoll->items. */
    struct list file_link;  /* In file->epoll_items; under the list lock of the file. */
    struct list ready_link; /* Under epoll->ready_lock, as all below. */
    struct list inner_link; /* In epoll->inner; under the nest mutex. */
    struct list outer_link; /* In the watched epoll's `outer`; likewise. */
    bool is_detached;
    u32 events;        /* [atomic] for a hint in item_wake(). */
    u32 events_before; /* What a one-shot item wanted until it was reported. */
    u64 data;
};

/* Set up by the first epoll_create(); nobody needs them before. */
static struct mutex nest_mutex;
static struct spinlock list_locks[LIST_LOCKS];
static u32 set_up; /* [atomic] 0: not yet, 1: somebody is at it, 2: done. */

static const struct file_ops epoll_ops;

static struct spinlock *list_lock(const struct file *file)
{
    return &list_locks[((uintptr_t)file >> 6) % LIST_LOCKS];
}

static void epoll_set_up(void)
{
    u32 none = 0;

    if (__atomic_compare_exchange_n(&set_up, &none, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        mutex_init(&nest_mutex, LOCK_RANK_EPOLL_NEST);
        for (u32 i = 0; i < LIST_LOCKS; i++)
            spinlock_init(&list_locks[i], LOCK_RANK_FILE_STATE);
        __atomic_store_n(&set_up, 2, __ATOMIC_RELEASE); /* Pairs with the load below. */
    }
    while (__atomic_load_n(&set_up, __ATOMIC_ACQUIRE) != 2) {
    }
}

static struct epoll *epoll_get(struct epoll *epoll)
{
    __atomic_fetch_add(&epoll->refs, 1, __ATOMIC_RELAXED); /* The caller holds one. */
    return epoll;
}

static void epoll_put(struct epoll *epoll)
{
    if (__atomic_fetch_sub(&epoll->refs, 1, __ATOMIC_ACQ_REL) == 1)
        heap_free(epoll);
}

static void item_put(struct epoll_item *item)
{
    struct epoll *epoll = item->epoll;

    if (__atomic_fetch_sub(&item->refs, 1, __ATOMIC_ACQ_REL) == 1) {
        heap_free(item);
        epoll_put(epoll);
    }
}

/* ---- Getting ready. ---- */

static bool announce(struct bottom_half *half)
{
    struct epoll *epoll = CONTAINER_OF(half, struct epoll, announcement);

    /* From here on the next event announces anew. Pairs with the exchange in epoll_tell(). */
    __atomic_store_n(&epoll->announced, false, __ATOMIC_RELEASE);
    wait_wake(&epoll->watchers, POLLIN | POLLRDNORM);
    epoll_put(epoll);
    return false;
}

/*
 * Whether a thread in epoll_wait() is there to be called; the caller calls it, or is that thread
 * and leaves. One that was called and has not looked yet is no longer counted: it will see whatever
 * comes meanwhile. Never too few: counted is a thread in the same hold of the lock in which it
 * found nothing ready.
 */
static bool sleeper_due(struct epoll *epoll) HOLDS(&epoll->ready_lock)
{
    if (epoll->asleep == 0)
        return false;
    epoll->asleep--;
    return true;
}

/* Something is on the ready list; `call`: sleeper_due(). Returns whether anybody was there. */
static bool epoll_tell(struct epoll *epoll, bool call)
{
    bool heard = !wait_queue_is_empty(&epoll->sleepers);

    if (call)
        wait_wake(&epoll->sleepers, POLLIN);
    if (!wait_queue_is_empty(&epoll->watchers)) {
        heard = true;
        if (!__atomic_exchange_n(&epoll->announced, true, __ATOMIC_ACQ_REL)) {
            epoll_get(epoll);
            bottom_half_queue(&epoll->announcement);
        }
    }
    return heard;
}

static void ready_push(struct epoll *epoll, struct epoll_item *item) HOLDS(&epoll->ready_lock)
{
    if (list_is_linked(&item->ready_link) || item->is_detached)
        return;
    list_push_back(&epoll->ready, &item->ready_link);
    epoll->ready_count++;
}

static void ready_drop(struct epoll *epoll, struct epoll_item *item) HOLDS(&epoll->ready_lock)
{
    if (!list_is_linked(&item->ready_link))
        return;
    list_remove(&item->ready_link);
    epoll->ready_count--;
}

/* The file's wait queue calls this, locked. */
static bool item_wake(struct waiter *waiter, u32 events)
{
    struct epoll_item *item = CONTAINER_OF(waiter, struct epoll_item, waiter);
    struct epoll *epoll = item->epoll;
    u32 wanted = __atomic_load_n(&item->events, __ATOMIC_RELAXED); /* Looked at again by collect. */
    bool heard;
    bool call;

    if (!(wanted & ~EPOLL_HOW) || (events && !(events & wanted)))
        return false;

    spin_lock(&epoll->ready_lock);
    ready_push(epoll, item);
    call = sleeper_due(epoll);
    spin_unlock(&epoll->ready_lock);

    heard = epoll_tell(epoll, call);
    return heard || !(wanted & EPOLLEXCLUSIVE);
}

/* ---- Items. ---- */

static int item_compare(const struct epoll_item *item, const struct file *file, int fd)
{
    if (item->file != file)
        return (uintptr_t)item->file < (uintptr_t)file ? -1 : 1;
    if (item->fd != fd)
        return item->fd < fd ? -1 : 1;
    return 0;
}

/* The place of (file, fd) in the tree: the item there, or NULL with `parent` and `link` set. */
static struct epoll_item *item_find(struct epoll *epoll, const struct file *file, int fd,
                                    struct tree_node **parent, struct tree_node ***link)
    HOLDS(&epoll->mutex)
{
    *parent = NULL;
    *link = &epoll->items.root;
    while (**link) {
        struct epoll_item *item = TREE_ENTRY(**link, struct epoll_item, node);
        int order = item_compare(item, file, fd);

        if (order == 0)
            return item;
        *parent = **link;
        *link = order > 0 ? &(**link)->left : &(**link)->right;
    }
    return NULL;
}

static struct epoll_item *item_create(struct epoll *epoll, struct file *file, int fd, u32 events,
                                      u64 data)
{
    struct epoll_item *item = heap_alloc_zero(sizeof(*item));

    if (!item)
        return NULL;
    item->refs = 1;
    item->fd = fd;
    item->epoll = epoll_get(epoll);
    item->file = file;
    item->events = events;
    item->data = data;
    list_init(&item->file_link);
    list_init(&item->ready_link);
    list_init(&item->inner_link);
    list_init(&item->outer_link);
    return item;
}

static void nest_leave(struct epoll_item *item)
{
    if (!epoll_is(item->file))
        return;
    mutex_lock(&nest_mutex);
    list_remove(&item->inner_link);
    list_remove(&item->outer_link);
    mutex_unlock(&nest_mutex);
}

/* Invariant 1: the order matters. */
static void item_detach(struct epoll *epoll, struct epoll_item *item) HOLDS(&epoll->mutex)
{
    struct spinlock *lock = list_lock(item->file);

    wait_remove(&item->waiter);
    nest_leave(item);
    tree_remove(&epoll->items, &item->node);

    spin_lock(&epoll->ready_lock);
    item->is_detached = true;
    ready_drop(epoll, item);
    spin_unlock(&epoll->ready_lock);

    spin_lock(lock);
    list_remove(&item->file_link);
    spin_unlock(lock);
    item_put(item);
}

/* One item of a file that is going away, with a reference; NULL when there is none left. */
static struct epoll_item *first_item_of(struct file *file)
{
    struct spinlock *lock = list_lock(file);
    struct epoll_item *item = NULL;

    spin_lock(lock);
    if (!list_is_empty(&file->epoll_items)) {
        item = LIST_ENTRY(file->epoll_items.next, struct epoll_item, file_link);
        __atomic_fetch_add(&item->refs, 1, __ATOMIC_RELAXED); /* Attached: it has one. */
    }
    spin_unlock(lock);
    return item;
}

void epoll_forget_file(struct file *file)
{
    struct epoll_item *item;

    if (__atomic_load_n(&set_up, __ATOMIC_ACQUIRE) != 2)
        return; /* There never was an epoll. */

    for (item = first_item_of(file); item; item = first_item_of(file)) {
        mutex_lock(&item->epoll->mutex);
        if (!item->is_detached)
            item_detach(item->epoll, item);
        mutex_unlock(&item->epoll->mutex);
        item_put(item);
    }
}

/* ---- Nesting. ---- */

/*
 * Levels of epolls below `epoll`, itself included; more than EPOLL_DEPTH_MAX when `avoid` is there.
 */
/* NOLINTNEXTLINE(misc-no-recursion): no deeper than EPOLL_DEPTH_MAX. */
static u32 depth_below(struct epoll *epoll, const struct epoll *avoid, u32 level, u32 *visits)
{
    struct list *node;
    u32 deepest = 1;

    if (epoll == avoid || level > EPOLL_DEPTH_MAX || ++*visits > EPOLL_VISITS_MAX)
        return EPOLL_DEPTH_MAX + 1;
    LIST_FOR_EACH (&epoll->inner, node) {
        struct epoll_item *item = LIST_ENTRY(node, struct epoll_item, inner_link);
        u32 depth = 1 + depth_below(item->file->data, avoid, level + 1, visits);

        deepest = u32_max(deepest, depth);
    }
    return deepest;
}

/* Levels of epolls above `epoll`, itself included. */
/* NOLINTNEXTLINE(misc-no-recursion): no deeper than EPOLL_DEPTH_MAX. */
static u32 height_above(struct epoll *epoll, u32 level, u32 *visits)
{
    struct list *node;
    u32 highest = 1;

    if (level > EPOLL_DEPTH_MAX || ++*visits > EPOLL_VISITS_MAX)
        return EPOLL_DEPTH_MAX + 1;
    LIST_FOR_EACH (&epoll->outer, node) {
        struct epoll_item *item = LIST_ENTRY(node, struct epoll_item, outer_link);

        highest = u32_max(highest, 1 + height_above(item->epoll, level + 1, visits));
    }
    return highest;
}

/* Records that `item` watches an epoll: 0, or -ELOOP. */
static int nest_enter(struct epoll_item *item)
{
    struct epoll *watched;
    u32 visits = 0;
    int err = 0;

    if (!epoll_is(item->file))
        return 0;
    watched = item->file->data;

    mutex_lock(&nest_mutex);
    if (depth_below(watched, item->epoll, 1, &visits) + height_above(item->epoll, 1, &visits) >
        EPOLL_DEPTH_MAX) {
        err = -ELOOP;
    } else {
        list_push_back(&item->epoll->inner, &item->inner_link);
        list_push_back(&watched->outer, &item->outer_link);
    }
    mutex_unlock(&nest_mutex);
    return err;
}

/* ---- epoll_ctl. ---- */

/* Puts the item on the ready list when its file is ready now: what came before is not lost. */
static void item_look(struct epoll_item *item)
{
    struct epoll *epoll = item->epoll;
    bool call;

    if (!(file_poll(item->file) & item->events))
        return;
    spin_lock(&epoll->ready_lock);
    ready_push(epoll, item);
    call = sleeper_due(epoll);
    spin_unlock(&epoll->ready_lock);
    epoll_tell(epoll, call);
}

static bool events_ok(const struct file *file, u32 events)
{
    const u32 exclusive_may =
        POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

    if (!(events & EPOLLEXCLUSIVE))
        return true;
    return !epoll_is(file) && !(events & ~exclusive_may);
}

static int add_locked(struct epoll *epoll, struct file *file, int fd, u32 events, u64 data)
    HOLDS(&epoll->mutex)
{
    struct spinlock *lock = list_lock(file);
    struct epoll_item *item;
    struct tree_node *parent;
    struct tree_node **link;
    int err;

    if (item_find(epoll, file, fd, &parent, &link))
        return -EEXIST;
    item = item_create(epoll, file, fd, events | POLLERR | POLLHUP, data);
    if (!item)
        return -ENOMEM;
    err = nest_enter(item);
    if (err < 0) {
        item_put(item);
        return err;
    }

    tree_insert(&epoll->items, parent, link, &item->node);
    spin_lock(lock);
    list_push_back(&file->epoll_items, &item->file_link);
    spin_unlock(lock);
    wait_add(file_wait_queue(file), &item->waiter, item_wake, 0, (events & EPOLLEXCLUSIVE) != 0);
    item_look(item);
    return 0;
}

int epoll_add(struct file *epoll_file, struct file *file, int fd, u32 events, u64 data)
{
    struct epoll *epoll = epoll_file->data;
    int err;

    if (!file->ops->poll || !file_wait_queue(file))
        return -EPERM;
    if (file == epoll_file || !events_ok(file, events))
        return -EINVAL;

    mutex_lock(&epoll->mutex);
    err = add_locked(epoll, file, fd, events, data);
    mutex_unlock(&epoll->mutex);
    return err;
}

int epoll_modify(struct file *epoll_file, struct file *file, int fd, u32 events, u64 data)
{
    struct epoll *epoll = epoll_file->data;
    struct epoll_item *item;
    struct tree_node *parent;
    struct tree_node **link;
    int err = -ENOENT;

    if (!file->ops->poll)
        return -EPERM;
    if (file == epoll_file || (events & EPOLLEXCLUSIVE))
        return -EINVAL;

    mutex_lock(&epoll->mutex);
    item = item_find(epoll, file, fd, &parent, &link);
    if (item && (item->events & EPOLLEXCLUSIVE)) {
        err = -EINVAL;
    } else if (item) {
        spin_lock(&epoll->ready_lock);
        item->events = events | POLLERR | POLLHUP;
        item->data = data;
        spin_unlock(&epoll->ready_lock);
        item_look(item);
        err = 0;
    }
    mutex_unlock(&epoll->mutex);
    return err;
}

int epoll_remove(struct file *epoll_file, struct file *file, int fd)
{
    struct epoll *epoll = epoll_file->data;
    struct epoll_item *item;
    struct tree_node *parent;
    struct tree_node **link;

    if (!file->ops->poll)
        return -EPERM;
    if (file == epoll_file)
        return -EINVAL;

    mutex_lock(&epoll->mutex);
    item = item_find(epoll, file, fd, &parent, &link);
    if (item)
        item_detach(epoll, item);
    mutex_unlock(&epoll->mutex);
    return item ? 0 : -ENOENT;
}

/* ---- epoll_wait. ---- */

/*
 * Takes the first item off the ready list, with references to it and to its file. An item whose
 * file is being closed is skipped: it is about to be detached. NULL when none is left or `*budget`,
 * the number of items still to be looked at in this round, is used up.
 */
static struct epoll_item *ready_take(struct epoll *epoll, u32 *budget)
{
    struct epoll_item *item = NULL;
    struct list *node;

    spin_lock(&epoll->ready_lock);
    while (*budget > 0 && !item) {
        (*budget)--;
        node = list_pop_front(&epoll->ready);
        if (!node)
            break;
        epoll->ready_count--;
        item = LIST_ENTRY(node, struct epoll_item, ready_link);
        if (file_try_get(item->file)) {
            __atomic_fetch_add(&item->refs, 1, __ATOMIC_RELAXED); /* Attached: it has one. */
        } else {
            item = NULL;
        }
    }
    spin_unlock(&epoll->ready_lock);
    return item;
}

static void item_release(struct epoll_item *item)
{
    struct file *file = item->file;

    item_put(item);
    file_put(file);
}

/*
 * Decides what to report of an item just taken: its events, or 0. A level-triggered one goes back
 * on the list, a one-shot one is disabled until it is modified.
 */
static u32 item_report(struct epoll_item *item, u64 *data)
{
    struct epoll *epoll = item->epoll;
    u32 ready = file_poll(item->file);

    *data = 0;
    /* A level-triggered item is looked at once more than it is ready. */
    if (!(ready & __atomic_load_n(&item->events, __ATOMIC_RELAXED) & ~EPOLL_HOW))
        return 0;
    spin_lock(&epoll->ready_lock);
    ready &= item->events & ~EPOLL_HOW;
    if (item->is_detached)
        ready = 0;
    *data = item->data;
    if (ready && (item->events & EPOLLONESHOT)) {
        item->events_before = item->events;
        __atomic_store_n(&item->events, item->events & EPOLL_HOW, __ATOMIC_RELAXED);
    } else if (ready && !(item->events & EPOLLET)) {
        ready_push(epoll, item);
    }
    spin_unlock(&epoll->ready_lock);
    return ready;
}

/* The program's buffer was not there: as if the item had not been looked at. */
static void item_unreport(struct epoll_item *item)
{
    struct epoll *epoll = item->epoll;

    spin_lock(&epoll->ready_lock);
    if ((item->events & EPOLLONESHOT) && !(item->events & ~EPOLL_HOW))
        __atomic_store_n(&item->events, item->events_before, __ATOMIC_RELAXED);
    ready_push(epoll, item);
    spin_unlock(&epoll->ready_lock);
}

static u32 ready_count(struct epoll *epoll)
{
    return __atomic_load_n(&epoll->ready_count, __ATOMIC_RELAXED); /* Looked at again locked. */
}

/* Reports what is ready: how many events, or -EFAULT when not even the first could be stored. */
static long collect(struct epoll *epoll, uaddr_t events, u32 count)
{
    u32 budget = ready_count(epoll);
    u32 done = 0;
    int err = 0;

    while (done < count && err == 0) {
        struct epoll_item *item = ready_take(epoll, &budget);
        struct linux_epoll_event event;
        u64 data;

        if (!item)
            break;
        event.events = item_report(item, &data);
        event.data = data;
        if (event.events) {
            err = copy_out(events + (u64)done * sizeof(event), &event, sizeof(event));
            if (err < 0) {
                item_unreport(item);
            } else {
                done++;
            }
        }
        item_release(item);
    }
    return done || err == 0 ? (long)done : err;
}

/* Others may have come to sleep while the items we put back were off the list. */
static void pass_on(struct epoll *epoll)
{
    bool call;

    if (ready_count(epoll) == 0 || wait_queue_is_empty(&epoll->sleepers))
        return;
    spin_lock(&epoll->ready_lock);
    call = sleeper_due(epoll);
    spin_unlock(&epoll->ready_lock);
    if (call)
        wait_wake(&epoll->sleepers, POLLIN);
}

/* True when there is something to look at. Else the caller goes to sleep, and is counted. */
static bool ready_or_asleep(struct epoll *epoll)
{
    bool ready;

    spin_lock(&epoll->ready_lock);
    ready = epoll->ready_count != 0;
    if (!ready)
        epoll->asleep++;
    spin_unlock(&epoll->ready_lock);
    return ready;
}

static void sleep_given_up(struct epoll *epoll)
{
    spin_lock(&epoll->ready_lock);
    (void)sleeper_due(epoll);
    spin_unlock(&epoll->ready_lock);
}

static int sleep_until_ready(struct epoll *epoll, u64 deadline_ns)
{
    struct waiter waiter;
    int err = 0;

    wait_begin_exclusive(&epoll->sleepers, &waiter, POLLIN);
    while (err == 0 && !ready_or_asleep(epoll))
        err = wait_block(&waiter, deadline_ns);
    if (err < 0)
        sleep_given_up(epoll);
    wait_end(&waiter);
    return err;
}

long epoll_wait(struct file *epoll_file, uaddr_t events, u32 count, u64 deadline_ns)
{
    struct epoll *epoll = epoll_file->data;

    for (;;) {
        long done = 0;
        int err;

        if (ready_count(epoll)) {
            done = collect(epoll, events, count);
            pass_on(epoll);
        }
        if (done != 0 || deadline_ns == 0)
            return done;

        err = sleep_until_ready(epoll, deadline_ns);
        if (err == -ETIMEDOUT)
            return 0;
        if (err < 0)
            return err;
    }
}

/* ---- An epoll as a file. ---- */

/* Looks for one item that is ready, dropping those that are not any more. */
static u32 epoll_poll(struct file *file)
{
    struct epoll *epoll = file->data;
    u32 budget = ready_count(epoll);
    bool found = false;

    while (!found) {
        struct epoll_item *item = ready_take(epoll, &budget);

        if (!item)
            break;
        found = (file_poll(item->file) & item->events & ~EPOLL_HOW) != 0;
        if (found) {
            spin_lock(&epoll->ready_lock);
            ready_push(epoll, item);
            spin_unlock(&epoll->ready_lock);
        }
        item_release(item);
    }
    if (found)
        pass_on(epoll);
    return found ? POLLIN | POLLRDNORM : 0;
}

static struct wait_queue *epoll_wait_queue(struct file *file)
{
    struct epoll *epoll = file->data;

    return &epoll->watchers;
}

static void epoll_release(struct file *file)
{
    struct epoll *epoll = file->data;
    struct tree_node *node;

    mutex_lock(&epoll->mutex);
    for (node = tree_first(&epoll->items); node; node = tree_first(&epoll->items))
        item_detach(epoll, TREE_ENTRY(node, struct epoll_item, node));
    mutex_unlock(&epoll->mutex);
    epoll_put(epoll);
}

static const struct file_ops epoll_ops = {
    .name = "anon_inode:[eventpoll]",
    .poll = epoll_poll,
    .wait_queue = epoll_wait_queue,
    .release = epoll_release,
};

bool epoll_is(const struct file *file)
{
    return file->ops == &epoll_ops;
}

struct file *epoll_create(void)
{
    struct epoll *epoll = heap_alloc_zero(sizeof(*epoll));
    struct file *file;

    if (!epoll)
        return NULL;
    epoll_set_up();
    epoll->refs = 1;
    mutex_init(&epoll->mutex, LOCK_RANK_EPOLL_CTL);
    spinlock_init(&epoll->ready_lock, LOCK_RANK_EPOLL);
    list_init(&epoll->ready);
    wait_queue_init_rank(&epoll->sleepers, LOCK_RANK_EPOLL_WAIT);
    wait_queue_init(&epoll->watchers);
    bottom_half_init(&epoll->announcement, announce);
    list_init(&epoll->inner);
    list_init(&epoll->outer);

    file = file_create(&epoll_ops, epoll, FILE_READABLE);
    if (!file)
        epoll_put(epoll);
    return file;
}

void epoll_for_each(struct file *file, void (*visit)(void *arg, int fd, u32 events, u64 data),
                    void *arg)
{
    struct epoll *epoll = file->data;

    mutex_lock(&epoll->mutex);
    for (struct tree_node *node = tree_first(&epoll->items); node; node = tree_next(node)) {
        struct epoll_item *item = TREE_ENTRY(node, struct epoll_item, node);

        visit(arg, item->fd, item->events, item->data);
    }
    mutex_unlock(&epoll->mutex);
}
