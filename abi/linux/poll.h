/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* poll(2) and epoll(7). The event bits are the same for both. */

#include "lib/base/types.h"

#define POLLIN     0x0001u
#define POLLPRI    0x0002u
#define POLLOUT    0x0004u
#define POLLERR    0x0008u
#define POLLHUP    0x0010u
#define POLLNVAL   0x0020u
#define POLLRDNORM 0x0040u
#define POLLRDBAND 0x0080u
#define POLLWRNORM 0x0100u
#define POLLWRBAND 0x0200u
#define POLLMSG    0x0400u
#define POLLRDHUP  0x2000u

struct linux_pollfd {
    int fd;
    u16 events;
    u16 revents;
};

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLL_CLOEXEC 02000000

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET        (1u << 31)

/* Packed on x86-64 only. */
struct linux_epoll_event {
    u32 events;
    u64 data;
} __attribute__((packed));
static_assert(sizeof(struct linux_epoll_event) == 12, "as on Linux x86-64");
