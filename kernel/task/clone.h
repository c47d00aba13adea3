/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* New threads. */

#include "lib/base/types.h"

struct clone_request {
    u64 flags;     /* CLONE_ flags, abi/linux/sched.h */
    uaddr_t stack; /* Initial stack pointer; 0: the caller's own. */
    uaddr_t parent_tid;
    uaddr_t child_tid;
    u64 tls;
};

/*
 * A thread that returns 0 from the running system call. Its number, or -EINVAL for flags that make
 * no sense, -ENOSYS for another process (one line in the log), -EAGAIN when there are too many
 * threads or memory is out.
 */
long task_clone(const struct clone_request *request) MUST_USE;

/* fork() and its kind: the log says once that this machine has one process. -ENOSYS. */
long fork_refuse(const char *call) MUST_USE;
