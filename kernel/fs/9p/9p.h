/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Folders of the host, read-only, by 9P2000.L over a share (kernel/share). Files that are open and
 * directories that are looked up show what the host has; contents come through the page cache.
 */

#include "kernel/fs/inode.h"
#include "lib/base/types.h"

enum p9_mount_flags {
    /*
     * Names are looked up once and remembered: for a host that does not change meanwhile. Without
     * it each look asks the host, and a file that has changed is read again when it is opened anew,
     * as far as the server's version number tells (QEMU's: size, and time of change in seconds).
     */
    P9_MOUNT_CACHED = 1u << 0,
};

/* Mounts the share of this tag: 0; -ENODEV when the machine has none such; else what went wrong. */
int p9_mount(const char *tag, u32 flags, struct filesystem **fs) MUST_USE;
