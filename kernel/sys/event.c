/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors for events and for memory: pipe, eventfd, timerfd, memfd; and epoll. */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/poll.h"
#include "abi/linux/time.h"
#include "kernel/file/epoll.h"
#include "kernel/file/eventfd.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/file/pipe.h"
#include "kernel/file/timerfd.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/timeout.h"
#include "kernel/sys/timespec.h"
#include "kernel/task/signal.h"
#include "lib/base/types.h"

/* Gives a new file, NULL when memory was out, a descriptor; drops it when there is none. */
static long install(struct file *file, bool cloexec)
{
    int fd;

    if (!file)
        return -ENOMEM;
    fd = fdtable_insert(current_fdtable(), file, 0, cloexec);
    if (fd < 0)
        file_put(file);
    return fd;
}

static void close_fd(int fd)
{
    struct file *file;

    if (fdtable_replace(current_fdtable(), fd, NULL, false, &file) == 0 && file)
        file_put(file);
}

/* ---- Pipes. ---- */

static long pipe_install(struct file *ends[2], bool cloexec, uaddr_t to)
{
    long fds[2];
    int out[2];

    fds[0] = install(ends[0], cloexec);
    if (fds[0] < 0) {
        file_put(ends[1]);
        return fds[0];
    }
    fds[1] = install(ends[1], cloexec);
    if (fds[1] < 0) {
        close_fd((int)fds[0]);
        return fds[1];
    }
    out[0] = (int)fds[0];
    out[1] = (int)fds[1];
    if (copy_out(to, out, sizeof(out)) == 0)
        return 0;
    close_fd(out[0]);
    close_fd(out[1]);
    return -EFAULT;
}

long sys_pipe2(uaddr_t fds, int flags)
{
    struct file *ends[2];
    int err;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    err = pipe_create(flags & O_NONBLOCK ? FILE_NONBLOCK : 0, ends);
    if (err < 0)
        return err;
    return pipe_install(ends, (flags & O_CLOEXEC) != 0, fds);
}

long sys_pipe(uaddr_t fds)
{
    return sys_pipe2(fds, 0);
}

/* ---- eventfd, memfd. ---- */

long sys_eventfd2(u32 count, int flags)
{
    if (flags & ~(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC))
        return -EINVAL;
    return install(eventfd_create(count, (flags & EFD_SEMAPHORE) != 0,
                                  flags & EFD_NONBLOCK ? FILE_NONBLOCK : 0),
                   (flags & EFD_CLOEXEC) != 0);
}

long sys_eventfd(u32 count)
{
    return sys_eventfd2(count, 0);
}

enum {
    MEMFD_NAME_SIZE = 250, /* With the NUL, as on Linux. */
};

long sys_memfd_create(uaddr_t name, u32 flags)
{
    char text[MEMFD_NAME_SIZE];
    struct file *file;
    long result;

    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    result = copy_in_text(text, name, sizeof(text));
    if (result < 0)
        return result == -ENAMETOOLONG ? -EINVAL : result;
    result = memfd_create(text, (flags & MFD_ALLOW_SEALING) != 0, &file);
    if (result < 0)
        return result;
    return install(file, (flags & MFD_CLOEXEC) != 0);
}

/* ---- timerfd. ---- */

long sys_timerfd_create(int clock, int flags)
{
    bool is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;

    if (!is_wall && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
        clock != CLOCK_BOOTTIME_ALARM)
        return -EINVAL;
    if (flags & ~(TFD_NONBLOCK | TFD_CLOEXEC))
        return -EINVAL;
    return install(timerfd_create(is_wall, flags & TFD_NONBLOCK ? FILE_NONBLOCK : 0),
                   (flags & TFD_CLOEXEC) != 0);
}

/* struct itimerspec: the interval first, then the value. */
static int setting_in(struct timerfd_setting *setting, uaddr_t from)
{
    struct abi_timespec interval;
    struct abi_timespec value;
    int err = timespec_copy_in(&interval, from);

    if (err == 0)
        err = timespec_copy_in(&value, from + sizeof(interval));
    if (err < 0)
        return err;
    setting->interval_ns = timespec_to_ns(&interval);
    setting->value_ns = timespec_to_ns(&value);
    return 0;
}

static int setting_out(uaddr_t to, const struct timerfd_setting *setting)
{
    int err = timespec_copy_out(to, setting->interval_ns);

    return err < 0 ? err : timespec_copy_out(to + sizeof(struct abi_timespec), setting->value_ns);
}

/* -EBADF, or -EINVAL for a file of another kind. */
static int timerfd_get_file(int fd, struct file **file)
{
    *file = fdtable_get(current_fdtable(), fd);
    if (!*file)
        return -EBADF;
    if (timerfd_is(*file))
        return 0;
    file_put(*file);
    return -EINVAL;
}

long sys_timerfd_settime(int fd, int flags, uaddr_t value, uaddr_t old)
{
    struct timerfd_setting setting;
    struct timerfd_setting before;
    struct file *file;
    int err;

    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    err = setting_in(&setting, value);
    if (err == 0)
        err = timerfd_get_file(fd, &file);
    if (err < 0)
        return err;
    timerfd_set(file, &setting, (flags & TFD_TIMER_ABSTIME) != 0, &before);
    file_put(file);
    return old ? setting_out(old, &before) : 0;
}

long sys_timerfd_gettime(int fd, uaddr_t value)
{
    struct timerfd_setting setting;
    struct file *file;
    int err = timerfd_get_file(fd, &file);

    if (err < 0)
        return err;
    timerfd_get(file, &setting);
    file_put(file);
    return setting_out(value, &setting);
}

/* ---- epoll. ---- */

long sys_epoll_create1(int flags)
{
    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    return install(epoll_create(), (flags & EPOLL_CLOEXEC) != 0);
}

long sys_epoll_create(int size)
{
    return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

static long epoll_change(struct file *epoll, struct file *file, int fd, int op,
                         const struct linux_epoll_event *event)
{
    if (!epoll_is(epoll) || epoll == file)
        return !file->ops->poll ? -EPERM : -EINVAL;
    switch (op) {
    case EPOLL_CTL_ADD:
        return epoll_add(epoll, file, fd, event->events, event->data);
    case EPOLL_CTL_MOD:
        return epoll_modify(epoll, file, fd, event->events, event->data);
    case EPOLL_CTL_DEL:
        return epoll_remove(epoll, file, fd);
    default:
        return -EINVAL;
    }
}

long sys_epoll_ctl(int epfd, int op, int fd, uaddr_t event_at)
{
    struct linux_epoll_event event = { 0 };
    struct file *epoll;
    struct file *file;
    long result = -EBADF;

    if (op != EPOLL_CTL_DEL && copy_in(&event, event_at, sizeof(event)) < 0)
        return -EFAULT;
    epoll = fdtable_get(current_fdtable(), epfd);
    file = epoll ? fdtable_get(current_fdtable(), fd) : NULL;
    if (file)
        result = epoll_change(epoll, file, fd, op, &event);
    if (file)
        file_put(file);
    if (epoll)
        file_put(epoll);
    return result;
}

static long epoll_wait_until(int epfd, uaddr_t events, int count, u64 deadline_ns)
{
    struct file *epoll;
    long result;

    if (count <= 0 || (u32)count > EPOLL_EVENTS_MAX)
        return -EINVAL;
    if (!user_range_ok(events, (u64)count * sizeof(struct linux_epoll_event)))
        return -EFAULT;
    epoll = fdtable_get(current_fdtable(), epfd);
    if (!epoll)
        return -EBADF;
    result = epoll_is(epoll) ? epoll_wait(epoll, events, (u32)count, deadline_ns) : -EINVAL;
    file_put(epoll);
    return result;
}

long sys_epoll_wait(int epfd, uaddr_t events, int count, int timeout_ms)
{
    return epoll_wait_until(epfd, events, count, deadline_from_ms(timeout_ms));
}

static long epoll_wait_masked(int epfd, uaddr_t events, int count, u64 deadline_ns, uaddr_t mask,
                              u64 mask_size)
{
    int err = signal_mask_set_for_wait_user(mask, mask_size);

    if (err < 0)
        return err;
    return signal_mask_wait_end(epoll_wait_until(epfd, events, count, deadline_ns));
}

long sys_epoll_pwait(int epfd, uaddr_t events, int count, int timeout_ms, uaddr_t mask,
                     u64 mask_size)
{
    return epoll_wait_masked(epfd, events, count, deadline_from_ms(timeout_ms), mask, mask_size);
}

long sys_epoll_pwait2(int epfd, uaddr_t events, int count, uaddr_t timeout, uaddr_t mask,
                      u64 mask_size)
{
    u64 deadline_ns;
    int err = deadline_in(timeout, &deadline_ns);

    if (err < 0)
        return err;
    return epoll_wait_masked(epfd, events, count, deadline_ns, mask, mask_size);
}
