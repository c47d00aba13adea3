/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a program finds on its stack as it starts (System V ABI, AMD64 supplement, 3.4.1): argc,
 * argv, envp, the auxiliary vector, and above them the strings they point to. Pure.
 */

#include "lib/base/types.h"

enum {
    INITIAL_RANDOM_SIZE = 16,
};

struct initial_stack {
    const char *const *args;
    u32 arg_count;
    const char *const *envs;
    u32 env_count;
    const char *path;               /* AT_EXECFN */
    const char *platform;           /* AT_PLATFORM */
    u8 random[INITIAL_RANDOM_SIZE]; /* AT_RANDOM */
    const struct auxv *aux;         /* Further entries, without the three above and AT_NULL. */
    u32 aux_count;
};

/* Bytes needed below the top, a multiple of 16. */
u64 initial_stack_size(const struct initial_stack *stack);

/*
 * Fills `image`, which stands for the initial_stack_size() bytes below `top` of the program's
 * memory. `top` is a multiple of 16. The stack pointer is where the image begins.
 */
void initial_stack_fill(const struct initial_stack *stack, u64 top, u8 *image);
