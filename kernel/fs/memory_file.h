/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files the kernel puts into a tree that lacks them, in memory: what the network says of itself. */

#include "lib/base/types.h"

/*
 * Provides a file `path`, absolute, that holds these bytes; its directory exists. Where the image
 * has a file there, nothing happens. At boot. 0, -ENOENT, -ENOMEM, -ENAMETOOLONG.
 */
int memory_file_provide(const char *path, const char *bytes, size_t len) MUST_USE;
