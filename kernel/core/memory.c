/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four functions a compiler may call by itself. Only the kernel links this file: elsewhere they
 * are the C library's. Built so that the compiler does not turn these loops into calls of
 * themselves (build.mk).
 *
 * Short ones go word by word; from REPEAT_MIN bytes on the string instructions win.
 */
#include "lib/base/types.h"

enum {
    WORD = 8,
    REPEAT_MIN = 128,
};

typedef u64 __attribute__((may_alias, aligned(1))) word;
typedef u32 __attribute__((may_alias, aligned(1))) half_word;

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *memory, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

static inline void copy_words(u8 **to, const u8 **from, size_t count)
{
    __asm__ volatile("rep movsq" : "+D"(*to), "+S"(*from), "+c"(count) : : "memory");
}

static inline void copy_bytes(u8 *to, const u8 *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = from[i];
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    u8 *out = to;
    const u8 *in = from;

    if (size < WORD) {
        if (size < sizeof(half_word)) {
            copy_bytes(out, in, size);
        } else {
            half_word last = *(const half_word *)(in + size - sizeof(half_word));

            *(half_word *)out = *(const half_word *)in;
            *(half_word *)(out + size - sizeof(half_word)) = last;
        }
        return to;
    }
    /* The last word overlaps those before it, so that there is no odd rest. */
    *(word *)(out + size - WORD) = *(const word *)(in + size - WORD);
    if (size >= REPEAT_MIN) {
        copy_words(&out, &in, size / WORD);
    } else {
        for (size_t i = 0; i + WORD <= size; i += WORD)
            *(word *)(out + i) = *(const word *)(in + i);
    }
    return to;
}

static void copy_upward(u8 *out, const u8 *in, size_t size)
{
    if (size >= REPEAT_MIN) {
        copy_words(&out, &in, size / WORD);
        size %= WORD;
    }
    for (; size >= WORD; size -= WORD, out += WORD, in += WORD)
        *(word *)out = *(const word *)in;
    copy_bytes(out, in, size);
}

static void copy_downward(u8 *out, const u8 *in, size_t size)
{
    while (size >= WORD) {
        size -= WORD;
        *(word *)(out + size) = *(const word *)(in + size);
    }
    while (size > 0) {
        size--;
        out[size] = in[size];
    }
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from < size) {
        copy_downward(to, from, size);
    } else {
        copy_upward(to, from, size);
    }
    return to;
}

void *memset(void *memory, int value, size_t size)
{
    u8 *out = memory;
    u64 all = (u8)value * 0x0101010101010101ull;

    if (size < WORD) {
        for (size_t i = 0; i < size; i++)
            out[i] = (u8)value;
        return memory;
    }
    *(word *)(out + size - WORD) = all;
    if (size >= REPEAT_MIN) {
        size_t count = size / WORD;

        __asm__ volatile("rep stosq" : "+D"(out), "+c"(count) : "a"(all) : "memory");
    } else {
        for (size_t i = 0; i + WORD <= size; i += WORD)
            *(word *)(out + i) = all;
    }
    return memory;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const u8 *one = left;
    const u8 *two = right;

    while (size >= WORD && *(const word *)one == *(const word *)two) {
        one += WORD;
        two += WORD;
        size -= WORD;
    }
    for (; size > 0; size--, one++, two++) {
        if (*one != *two)
            return (int)*one - (int)*two;
    }
    return 0;
}
