/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A position in a list of pieces of memory, the program's or the kernel's: what read() fills and
 * write() takes. Copies advance it. May sleep where the pieces are the program's.
 */

#include "lib/base/types.h"

struct iovec_user {
    u64 base;
    u64 len;
};

struct iter {
    bool is_user;
    struct iovec_user one; /* Where there is only one piece. */
    const struct iovec_user
        *pieces; /* [owner] Lives as long as the iter; `base` may be a kernel address. */
    u32 count;   /* Pieces left, the current one included. */
    u64 off;     /* In the current piece. */
    u64 left;    /* Bytes left in all. */
};

void iter_init_user(struct iter *iter, uaddr_t base, u64 len);
void iter_init_kernel(struct iter *iter, void *base, u64 len);
/* `total` is the sum of all lengths, checked by the caller not to overflow. */
void iter_init_pieces(struct iter *iter, const struct iovec_user *pieces, u32 count, u64 total);

/* Copies up to `size` bytes out of it; returns how many (less only at its end or a fault). */
size_t iter_copy_from(struct iter *iter, void *to, size_t size) MUST_USE;
/* Copies up to `size` bytes into what the iterator names; likewise. */
size_t iter_copy_to(struct iter *iter, const void *from, size_t size) MUST_USE;
size_t iter_zero(struct iter *iter, size_t size) MUST_USE;
/* Skips; `size` <= iter->left. */
void iter_advance(struct iter *iter, u64 size);
