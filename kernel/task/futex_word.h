/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* FUTEX_WAKE_OP's little language: what happens to a word, and what its old value is asked. */

#include "abi/linux/futex.h"
#include "lib/base/types.h"

static inline u32 futex_word_kind(u32 operation)
{
    return operation >> 28 & 7;
}

/* 12 bits with a sign. */
static inline s32 futex_word_signed(u32 field)
{
    return (s32)(field << 20) >> 20;
}

static inline bool futex_word_is_valid(u32 operation)
{
    return futex_word_kind(operation) <= FUTEX_OP_XOR && (operation >> 24 & 15) <= FUTEX_OP_CMP_GE;
}

static inline u32 futex_word_apply(u32 operation, u32 value)
{
    u32 arg = (u32)futex_word_signed(operation >> 12 & 0xfff);

    if (operation >> 28 & FUTEX_OP_ARG_SHIFT)
        arg = 1u << (arg & 31);
    switch (futex_word_kind(operation)) {
    case FUTEX_OP_SET:
        return arg;
    case FUTEX_OP_ADD:
        return value + arg;
    case FUTEX_OP_OR:
        return value | arg;
    case FUTEX_OP_ANDN:
        return value & ~arg;
    default:
        return value ^ arg;
    }
}

static inline bool futex_word_compare(u32 operation, u32 old)
{
    s32 value = (s32)old;
    s32 arg = futex_word_signed(operation & 0xfff);

    switch (operation >> 24 & 15) {
    case FUTEX_OP_CMP_EQ:
        return value == arg;
    case FUTEX_OP_CMP_NE:
        return value != arg;
    case FUTEX_OP_CMP_LT:
        return value < arg;
    case FUTEX_OP_CMP_LE:
        return value <= arg;
    case FUTEX_OP_CMP_GT:
        return value > arg;
    default:
        return value >= arg;
    }
}
