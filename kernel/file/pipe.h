/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Pipes and FIFOs: a ring of pages between those who write and those who read.
 *
 * A write of up to PIPE_BUF bytes goes in whole or not at all. Without readers it is -EPIPE (the
 * caller posts SIGPIPE); without writers reading ends with 0. Pages that sendfile() hands over stay
 * shared and are never written to.
 */

#include "kernel/file/file.h"
#include "lib/base/types.h"

enum {
    PIPE_ATOMIC_SIZE = 4096, /* PIPE_BUF */
    PIPE_PAGES_DEFAULT = 16,
    PIPE_PAGES_MAX = 256, /* 1 MiB, the default of /proc/sys/fs/pipe-max-size. */
};

/* The reading end in ends[0], the writing end in ends[1]; `flags`: FILE_NONBLOCK. 0, -ENOMEM. */
int pipe_create(u32 flags, struct file *ends[2]) MUST_USE;

/*
 * open(2) of a FIFO, whose pipe lives at `*place` while it is open; `*place` starts as NULL.
 * `flags` are enum file_flags. Waits for the other end as Linux does. 0, -ENXIO, -EINTR, -ENOMEM.
 */
int fifo_open(void **place, u32 flags, struct file **file) MUST_USE;

bool pipe_is(const struct file *file);

/* fcntl: size in bytes. Setting: -EBUSY when more is in it, -EPERM beyond the maximum, -ENOMEM. */
long pipe_size(struct file *file) MUST_USE;
long pipe_set_size(struct file *file, u64 size) MUST_USE;
