/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the program was started with, for /proc/self. [const] once it runs. */

#include "lib/base/types.h"

struct program_info {
    const char *path;
    const u8
        *stack_image; /* The initial stack as it was filled: argc, argv, envp, auxv, strings. */
    u64 stack_image_size;
    u64 stack_base; /* Address of its first byte. */
    u64 aux_off;    /* Of the auxiliary vector in it. */
    u64 aux_size;
    u64 args_off; /* Of the arguments' text, and of the environment's. */
    u64 args_size;
    u64 envs_off;
    u64 envs_size;
};

const struct program_info *program_info(void);
