/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reads the directory of fw_cfg. Pure: its bytes come from a function of the caller's. */

#include "kernel/drivers/fw_cfg/fw_cfg.h"
#include "lib/base/types.h"

/* Gives the next `size` bytes of the directory. */
typedef void fw_cfg_take_fn(void *arg, void *to, size_t size);

/* What fw_cfg_find() promises, from the start of a directory. */
int fw_cfg_dir_find(fw_cfg_take_fn *take, void *arg, const char *prefix, struct fw_cfg_file *files,
                    u32 max) MUST_USE;
