/* SPDX-License-Identifier: Apache-2.0 */
/* The stack is read back as a C library's start code reads it. */
#include "kernel/task/initial_stack.h"

#include "abi/linux/auxv.h"
#include "test/unit/unit.h"

#include <string.h>

#define TOP 0x7ffffffff000ull

static u8 image[4096];

/* Where an address in the program lies in the image. */
static const char *at(const struct initial_stack *stack, u64 address)
{
    u64 base = TOP - initial_stack_size(stack);

    CHECK(address >= base && address < TOP);
    return (const char *)image + (address - base);
}

static void check(const struct initial_stack *stack)
{
    const u64 *word = (const u64 *)(const void *)image;
    u32 found = 0;

    CHECK_EQ(initial_stack_size(stack) % 16, 0);
    CHECK(initial_stack_size(stack) <= sizeof(image));
    initial_stack_fill(stack, TOP, image);
    CHECK_EQ(*word++, stack->arg_count);
    for (u32 i = 0; i < stack->arg_count; i++)
        CHECK_EQ(strcmp(at(stack, *word++), stack->args[i]), 0);
    CHECK_EQ(*word++, 0);
    for (u32 i = 0; i < stack->env_count; i++)
        CHECK_EQ(strcmp(at(stack, *word++), stack->envs[i]), 0);
    CHECK_EQ(*word++, 0);
    for (; word[0] != AT_NULL; word += 2) {
        if (word[0] == AT_EXECFN) {
            CHECK_EQ(strcmp(at(stack, word[1]), stack->path), 0);
        } else if (word[0] == AT_PLATFORM) {
            CHECK_EQ(strcmp(at(stack, word[1]), stack->platform), 0);
        } else if (word[0] == AT_RANDOM) {
            CHECK_EQ(memcmp(at(stack, word[1]), stack->random, INITIAL_RANDOM_SIZE), 0);
        } else {
            CHECK_EQ(word[1], stack->aux[found++].value);
        }
    }
    CHECK_EQ(found, stack->aux_count);
}

TEST(initial_stack, is_what_the_abi_says)
{
    static const char *const args[] = { "/bin/server", "-p", "80", "" };
    static const char *const envs[] = { "HOME=/", "A=" };
    static const struct auxv aux[] = { { AT_PAGESZ, 4096 }, { AT_UID, 0 }, { AT_ENTRY, 77 } };
    struct initial_stack stack = {
        .args = args,
        .envs = envs,
        .path = "/bin/server",
        .platform = "x86_64",
        .random = "0123456789abcde",
        .aux = aux,
    };

    for (stack.arg_count = 0; stack.arg_count <= ARRAY_COUNT(args); stack.arg_count++) {
        for (stack.env_count = 0; stack.env_count <= ARRAY_COUNT(envs); stack.env_count++) {
            for (stack.aux_count = 0; stack.aux_count <= ARRAY_COUNT(aux); stack.aux_count++)
                check(&stack);
        }
    }
}
