/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * epoll(7): a set of files, and a list of those that became ready.
 *
 * An item hangs on the wait queue of its file. A wake-up puts it on the ready list; epoll_wait()
 * takes it off, asks the file what is true now, and puts it back while it is level-triggered and
 * ready. So waiting costs the number of ready items, whatever the number of items.
 *
 * An item goes when it is deleted, when its file's last reference goes (epoll_forget_file()), or
 * with its epoll. An epoll may watch epolls, up to EPOLL_DEPTH_MAX deep and never in a circle.
 */

#include "abi/linux/poll.h"
#include "kernel/file/file.h"
#include "lib/base/types.h"

enum {
    EPOLL_DEPTH_MAX = 5,
    EPOLL_VISITS_MAX = 1000, /* Epolls looked at to find a circle; a net beyond that is refused. */
    EPOLL_EVENTS_MAX = 0x7fffffff / sizeof(struct linux_epoll_event),
};

/* A new epoll with one reference, or NULL when memory is out. */
struct file *epoll_create(void) MUST_USE;

bool epoll_is(const struct file *file);

/*
 * epoll_ctl(2). `fd` is the descriptor `file` was found by, which is part of the item's name.
 * Returns 0, -EEXIST, -ENOENT, -EPERM (a file that is always ready), -EINVAL, -ELOOP, -ENOMEM.
 */
int epoll_add(struct file *epoll, struct file *file, int fd, u32 events, u64 data) MUST_USE;
int epoll_modify(struct file *epoll, struct file *file, int fd, u32 events, u64 data) MUST_USE;
int epoll_remove(struct file *epoll, struct file *file, int fd) MUST_USE;

/*
 * epoll_wait(2): stores up to `count` (> 0) events at `events` in the program. Returns how many, 0
 * at the deadline, -EINTR, -EFAULT.
 */
long epoll_wait(struct file *epoll, uaddr_t events, u32 count, u64 deadline_ns) MUST_USE;

/* Called by file_put() for a file whose last reference is gone: nobody watches it afterwards. */
void epoll_forget_file(struct file *file);

/* Visits each item, for /proc/self/fdinfo: descriptor, events, data. */
void epoll_for_each(struct file *file, void (*visit)(void *arg, int fd, u32 events, u64 data),
                    void *arg);
