/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "kernel/file/file.h"
#include "lib/base/types.h"

/*
 * What an open file is called: its path, "pipe:[7]", ... Its length, cut to `size`; not NUL-ended.
 */
long file_text(struct file *file, char *target, size_t size) MUST_USE;

/* Registers self/fd, self/fdinfo, self/cwd, self/root. */
void proc_fd_add(void);
