/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A periodic timer fires once and then rests until it is read: expirations in between are computed,
 * not counted. However short the interval, it costs nothing while nobody looks.
 */
#include "kernel/file/timerfd.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/timer.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

struct timerfd {
    struct spinlock lock;            /* LOCK_RANK_FILE_STATE */
    u64 expiry_ns GUARDED_BY(&lock); /* First expiration not reported; 0: disarmed. */
    u64 interval_ns GUARDED_BY(&lock);
    struct timer timer;
    struct wait_queue queue;
    bool is_wall; /* [const] */
};

static void timerfd_fire(struct timer *timer)
{
    struct timerfd *timerfd = CONTAINER_OF(timer, struct timerfd, timer);

    wait_wake(&timerfd->queue, POLLIN | POLLRDNORM);
}

static void arm(struct timerfd *timerfd) HOLDS(&timerfd->lock)
{
    if (timerfd->expiry_ns != 0) {
        timer_arm(&timerfd->timer, timerfd->expiry_ns);
    } else {
        timer_cancel(&timerfd->timer);
    }
}

/* Expirations that nobody was told of yet. */
static u64 ticks_at(const struct timerfd *timerfd, u64 now_ns) HOLDS(&timerfd->lock)
{
    if (timerfd->expiry_ns == 0 || now_ns < timerfd->expiry_ns)
        return 0;
    if (timerfd->interval_ns == 0)
        return 1;
    return 1 + (now_ns - timerfd->expiry_ns) / timerfd->interval_ns;
}

/* What one read takes. */
struct taking {
    struct timerfd *timerfd;
    u64 ticks;
};

/* False when there are none. */
static bool take_ticks(void *arg)
{
    struct taking *taking = arg;
    struct timerfd *timerfd = taking->timerfd;

    spin_lock(&timerfd->lock);
    taking->ticks = ticks_at(timerfd, clock_now_ns());
    if (taking->ticks > 0) {
        timerfd->expiry_ns =
            timerfd->interval_ns ? timerfd->expiry_ns + taking->ticks * timerfd->interval_ns : 0;
        arm(timerfd);
    }
    spin_unlock(&timerfd->lock);
    return taking->ticks > 0;
}

static long timerfd_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    struct taking taking = { .timerfd = file->data };
    u64 size = sizeof(taking.ticks);
    int err;

    (void)off;
    if (to->left < size)
        return -EINVAL;
    err = file_try(&taking.timerfd->queue, POLLIN, flags, take_ticks, &taking);
    if (err < 0)
        return err;
    return iter_copy_to(to, &taking.ticks, size) == size ? (long)size : -EFAULT;
}

static u32 timerfd_poll(struct file *file)
{
    struct timerfd *timerfd = file->data;
    bool ready;

    spin_lock(&timerfd->lock);
    ready = ticks_at(timerfd, clock_now_ns()) > 0;
    spin_unlock(&timerfd->lock);
    return ready ? POLLIN | POLLRDNORM : 0;
}

static struct wait_queue *timerfd_wait_queue(struct file *file)
{
    struct timerfd *timerfd = file->data;

    return &timerfd->queue;
}

static void timerfd_release(struct file *file)
{
    struct timerfd *timerfd = file->data;

    timer_cancel_wait(&timerfd->timer);
    heap_free(timerfd);
}

static const struct file_ops timerfd_ops = {
    .name = "anon_inode:[timerfd]",
    .read = timerfd_read,
    .poll = timerfd_poll,
    .wait_queue = timerfd_wait_queue,
    .release = timerfd_release,
};

bool timerfd_is(const struct file *file)
{
    return file->ops == &timerfd_ops;
}

struct file *timerfd_create(bool is_wall, u32 flags)
{
    struct timerfd *timerfd = heap_alloc_zero(sizeof(*timerfd));
    struct file *file;

    if (!timerfd)
        return NULL;
    spinlock_init(&timerfd->lock, LOCK_RANK_FILE_STATE);
    timer_init(&timerfd->timer, timerfd_fire);
    wait_queue_init(&timerfd->queue);
    timerfd->is_wall = is_wall;
    file = file_create(&timerfd_ops, timerfd, FILE_READABLE | flags);
    if (!file)
        heap_free(timerfd);
    return file;
}

static void get_locked(const struct timerfd *timerfd, u64 now_ns, struct timerfd_setting *setting)
    HOLDS(&timerfd->lock)
{
    u64 next_ns = timerfd->expiry_ns;

    setting->interval_ns = timerfd->interval_ns;
    setting->value_ns = 0;
    if (next_ns == 0)
        return;
    if (timerfd->interval_ns)
        next_ns += ticks_at(timerfd, now_ns) * timerfd->interval_ns;
    if (next_ns > now_ns)
        setting->value_ns = next_ns - now_ns;
}

/* The moment of clock_now_ns() that `setting` means. Never 0: that would be disarmed. */
static u64 expiry_of(const struct timerfd *timerfd, const struct timerfd_setting *setting,
                     bool is_absolute)
{
    u64 now_ns = clock_now_ns();
    u64 wall_ns;

    if (!is_absolute)
        return clock_deadline(setting->value_ns);
    if (!timerfd->is_wall)
        return setting->value_ns;
    wall_ns = clock_wall_ns();
    if (setting->value_ns <= wall_ns)
        return u64_max(now_ns, 1);
    return clock_deadline(setting->value_ns - wall_ns);
}

void timerfd_set(struct file *file, const struct timerfd_setting *setting, bool is_absolute,
                 struct timerfd_setting *old)
{
    struct timerfd *timerfd = file->data;
    u64 expiry_ns = setting->value_ns ? expiry_of(timerfd, setting, is_absolute) : 0;

    spin_lock(&timerfd->lock);
    get_locked(timerfd, clock_now_ns(), old);
    timerfd->expiry_ns = expiry_ns;
    timerfd->interval_ns = setting->interval_ns;
    arm(timerfd);
    spin_unlock(&timerfd->lock);
}

void timerfd_get(struct file *file, struct timerfd_setting *setting)
{
    struct timerfd *timerfd = file->data;

    spin_lock(&timerfd->lock);
    get_locked(timerfd, clock_now_ns(), setting);
    spin_unlock(&timerfd->lock);
}
