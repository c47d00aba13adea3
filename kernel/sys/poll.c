/* SPDX-License-Identifier: Apache-2.0 */
/* poll(2) and select(2). Registered in event.def. */
#include "kernel/file/poll.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/file/fdtable.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/timeout.h"
#include "kernel/sys/timespec.h"
#include "kernel/task/signal.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    INLINE_FDS = 32, /* That need no allocation. */
};

/* ---- poll. ---- */

/* Stores `revents` alone: the program may look at the rest from another thread. */
static long results_out(uaddr_t to, const struct linux_pollfd *fds, u32 count, long ready)
{
    for (u32 i = 0; i < count && ready >= 0; i++) {
        uaddr_t at = to + i * sizeof(*fds) + __builtin_offsetof(struct linux_pollfd, revents);

        if (copy_out(at, &fds[i].revents, sizeof(fds[i].revents)) < 0)
            return -EFAULT;
    }
    return ready;
}

static long poll_until(uaddr_t at, u32 count, u64 deadline_ns)
{
    struct linux_pollfd inline_fds[INLINE_FDS];
    struct linux_pollfd *fds = inline_fds;
    long ready;

    if (count > fdtable_limit(current_fdtable()))
        return -EINVAL;
    if (count > INLINE_FDS)
        fds = heap_alloc_array(count, sizeof(*fds));
    if (!fds)
        return -ENOMEM;
    ready = copy_in(fds, at, count * sizeof(*fds));
    if (ready == 0) {
        ready = poll_wait(fds, count, deadline_ns);
        ready = results_out(at, fds, count, ready);
    }
    if (fds != inline_fds)
        heap_free(fds);
    return ready;
}

/* How poll() goes on after a signal without a handler: to the same deadline. */
static long poll_resume(const u64 *words)
{
    long ready = poll_until(words[0], (u32)words[1], words[2]);

    return ready == -EINTR ? signal_restart_block(poll_resume, words) : ready;
}

long sys_poll(uaddr_t fds, u32 count, int timeout_ms)
{
    u64 words[RESTART_WORDS] = { fds, count, deadline_from_ms(timeout_ms) };

    return poll_resume(words);
}

/* The time left, for calls that tell the program. Errors do not matter: the wait is over. */
static void rest_out(uaddr_t timespec, u64 deadline_ns)
{
    u64 now_ns = clock_now_ns();

    if (timespec && deadline_ns != DEADLINE_NONE)
        (void)!timespec_copy_out(timespec, deadline_ns > now_ns ? deadline_ns - now_ns : 0);
}

long sys_ppoll(uaddr_t fds, u32 count, uaddr_t timeout, uaddr_t mask, u64 mask_size)
{
    u64 deadline_ns;
    long ready = deadline_in(timeout, &deadline_ns);

    if (ready == 0)
        ready = signal_mask_set_for_wait_user(mask, mask_size);
    if (ready < 0)
        return ready;
    ready = poll_until(fds, count, deadline_ns);
    rest_out(timeout, deadline_ns);
    return signal_mask_wait_end(signal_restartable_no_handler(ready));
}

/* ---- select. ---- */

enum {
    SETS = 3,
};

/* What select() asks of each set, and which events answer it. */
static const struct {
    u16 wanted;
    u16 ready;
} set_events[SETS] = {
    { POLLIN | POLLRDNORM | POLLRDBAND,
      POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR }, /* Readable. */
    { POLLOUT | POLLWRNORM | POLLWRBAND,
      POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR }, /* Writable. */
    { POLLPRI, POLLPRI },                            /* Exceptional. */
};

struct selection {
    u32 words; /* Of 64 bits, in each set. */
    u64 *bits; /* The sets one after the other: what is asked, then what is answered. */
    struct linux_pollfd *fds;
    u32 count;
};

static u64 *set_bits(const struct selection *selection, u32 set)
{
    return selection->bits + (size_t)set * selection->words;
}

static u16 wanted_events(const struct selection *selection, u32 fd)
{
    u16 events = 0;

    for (u32 set = 0; set < SETS; set++) {
        if (set_bits(selection, set)[fd / 64] >> (fd % 64) & 1)
            events |= set_events[set].wanted;
    }
    return events;
}

/* Fills in `fds` from the sets. -EBADF is found by poll, as POLLNVAL. */
static int selection_list(struct selection *selection, u32 fd_count)
{
    u32 count = 0;

    for (u32 i = 0; i < SETS * selection->words; i++)
        count += u64_count_bits(selection->bits[i]);
    selection->fds = heap_alloc_array(u32_max(count, 1), sizeof(*selection->fds));
    if (!selection->fds)
        return -ENOMEM;
    for (u32 fd = 0; fd < fd_count; fd++) {
        u16 events = wanted_events(selection, fd);

        if (events)
            selection->fds[selection->count++] = (struct linux_pollfd){ (int)fd, events, 0 };
    }
    return 0;
}

static int selection_in(struct selection *selection, u32 fd_count, const uaddr_t at[SETS])
{
    u64 last_mask = fd_count % 64 ? ((u64)1 << (fd_count % 64)) - 1 : ~(u64)0;

    *selection = (struct selection){ .words = (fd_count + 63) / 64 };
    selection->bits = heap_alloc_array((size_t)SETS * u32_max(selection->words, 1), sizeof(u64));
    if (!selection->bits)
        return -ENOMEM;
    for (u32 set = 0; set < SETS && selection->words > 0; set++) {
        u64 *bits = set_bits(selection, set);

        if (at[set] && copy_in(bits, at[set], selection->words * sizeof(u64)) < 0)
            return -EFAULT;
        bits[selection->words - 1] &= last_mask;
    }
    return selection_list(selection, fd_count);
}

/* Turns `revents` into sets: how many bits are set, or -EBADF. */
static long selection_answer(struct selection *selection)
{
    long ready = 0;

    for (u32 i = 0; i < selection->count; i++) {
        const struct linux_pollfd *fd = &selection->fds[i];
        u32 word = (u32)fd->fd / 64;
        u64 bit = (u64)1 << (fd->fd % 64);

        if (fd->revents & POLLNVAL)
            return -EBADF;
        for (u32 set = 0; set < SETS; set++) {
            u64 *bits = set_bits(selection, set);

            if ((bits[word] & bit) && (fd->revents & set_events[set].ready)) {
                ready++;
            } else {
                bits[word] &= ~bit;
            }
        }
    }
    return ready;
}

static int selection_out(const struct selection *selection, const uaddr_t at[SETS])
{
    for (u32 set = 0; set < SETS; set++) {
        if (at[set] &&
            copy_out(at[set], set_bits(selection, set), selection->words * sizeof(u64)) < 0)
            return -EFAULT;
    }
    return 0;
}

static void selection_fini(struct selection *selection)
{
    heap_free(selection->bits);
    heap_free(selection->fds);
}

static long select_until(int count, const uaddr_t sets[SETS], u64 deadline_ns)
{
    struct selection selection;
    u32 fd_count = (u32)u64_min((u64)count, fdtable_limit(current_fdtable()));
    long ready;

    ready = selection_in(&selection, fd_count, sets);
    if (ready == 0)
        ready = poll_wait(selection.fds, selection.count, deadline_ns);
    if (ready >= 0)
        ready = selection_answer(&selection);
    if (ready >= 0 && selection_out(&selection, sets) < 0)
        ready = -EFAULT;
    selection_fini(&selection);
    return ready;
}

static int timeval_in(uaddr_t at, u64 *deadline_ns)
{
    struct abi_timeval time;
    int err;

    *deadline_ns = DEADLINE_NONE;
    if (!at)
        return 0;
    err = copy_in(&time, at, sizeof(time));
    if (err < 0)
        return err;
    if (time.seconds < 0 || time.us < 0)
        return -EINVAL;
    *deadline_ns = deadline_from_ns(timeval_to_ns(&time));
    return 0;
}

static void timeval_rest_out(uaddr_t at, u64 deadline_ns)
{
    u64 now_ns = clock_now_ns();
    u64 rest_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct abi_timeval rest = timeval_from_ns(rest_ns);

    if (at && deadline_ns != DEADLINE_NONE)
        (void)!copy_out(at, &rest, sizeof(rest)); /* The wait is over: nothing to report. */
}

long sys_select(int count, uaddr_t readable, uaddr_t writable, uaddr_t exceptional, uaddr_t timeout)
{
    const uaddr_t sets[SETS] = { readable, writable, exceptional };
    u64 deadline_ns;
    long ready;

    if (count < 0)
        return -EINVAL;
    ready = timeval_in(timeout, &deadline_ns);
    if (ready < 0)
        return ready;
    ready = select_until(count, sets, deadline_ns);
    timeval_rest_out(timeout, deadline_ns);
    return signal_restartable_no_handler(ready);
}

/* The sixth argument points to the mask and its size. */
static int mask_in(uaddr_t at)
{
    struct {
        u64 mask;
        u64 size;
    } argument = { 0, 0 };
    int err;

    if (!at)
        return 0;
    err = copy_in(&argument, at, sizeof(argument));
    if (err < 0)
        return err;
    return signal_mask_set_for_wait_user(argument.mask, argument.size);
}

long sys_pselect6(int count, uaddr_t readable, uaddr_t writable, uaddr_t exceptional,
                  uaddr_t timeout, uaddr_t mask)
{
    const uaddr_t sets[SETS] = { readable, writable, exceptional };
    u64 deadline_ns;
    long ready;

    if (count < 0)
        return -EINVAL;
    ready = deadline_in(timeout, &deadline_ns);
    if (ready == 0)
        ready = mask_in(mask);
    if (ready < 0)
        return ready;
    ready = select_until(count, sets, deadline_ns);
    rest_out(timeout, deadline_ns);
    return signal_mask_wait_end(signal_restartable_no_handler(ready));
}
