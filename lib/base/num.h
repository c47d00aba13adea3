/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Arithmetic that says when it does not fit, and the usual small helpers on powers of two. */

#include "lib/base/types.h"

/* Each stores the result and returns true, or returns false when it does not fit its type. */
static inline bool u64_add(u64 left, u64 right, u64 *sum)
{
    return !__builtin_add_overflow(left, right, sum);
}

static inline bool u64_mul(u64 left, u64 right, u64 *product)
{
    return !__builtin_mul_overflow(left, right, product);
}

static inline u64 u64_min(u64 left, u64 right)
{
    return left < right ? left : right;
}

static inline u64 u64_max(u64 left, u64 right)
{
    return left > right ? left : right;
}

static inline u32 u32_min(u32 left, u32 right)
{
    return left < right ? left : right;
}

static inline u32 u32_max(u32 left, u32 right)
{
    return left > right ? left : right;
}

static inline size_t size_min(size_t left, size_t right)
{
    return left < right ? left : right;
}

/* `unit` is a power of two. align_up() wraps to 0 near the top: check foreign values before. */
static inline u64 align_down(u64 value, u64 unit)
{
    return value & ~(unit - 1);
}

static inline u64 align_up(u64 value, u64 unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

static inline bool is_aligned(u64 value, u64 unit)
{
    return (value & (unit - 1)) == 0;
}

static inline bool is_power_of_two(u64 value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* The largest n with 2^n <= value. `value` is not 0. */
static inline u32 log2_floor(u64 value)
{
    return 63 - (u32)__builtin_clzll(value);
}

/* The smallest n with 2^n >= value. `value` is not 0. */
static inline u32 log2_ceil(u64 value)
{
    return value <= 1 ? 0 : 64 - (u32)__builtin_clzll(value - 1);
}

/* How many bits are set. The compiler's own needs a library on the oldest CPUs. */
static inline u32 u64_count_bits(u64 value)
{
    value -= value >> 1 & 0x5555555555555555;
    value = (value & 0x3333333333333333) + (value >> 2 & 0x3333333333333333);
    value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (u32)(value * 0x0101010101010101 >> 56);
}
