/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/mm/iter.h"

#include "kernel/mm/uaccess.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum iter_work {
    ITER_FROM,
    ITER_TO,
    ITER_ZERO,
};

static void init_one(struct iter *iter, bool is_user, u64 base, u64 len)
{
    mem_zero(iter, sizeof(*iter));
    iter->is_user = is_user;
    iter->one = (struct iovec_user){ base, len };
    iter->count = 1;
    iter->left = len;
}

void iter_init_user(struct iter *iter, uaddr_t base, u64 len)
{
    init_one(iter, true, base, len);
}

void iter_init_kernel(struct iter *iter, void *base, u64 len)
{
    init_one(iter, false, (u64)(uintptr_t)base, len);
}

void iter_init_pieces(struct iter *iter, const struct iovec_user *pieces, u32 count, u64 total)
{
    mem_zero(iter, sizeof(*iter));
    iter->is_user = true;
    iter->pieces = pieces;
    iter->count = count;
    iter->left = total;
}

/* An iter may be copied by value, so the single piece is not found by a pointer into it. */
static const struct iovec_user *piece(const struct iter *iter)
{
    return iter->pieces ? iter->pieces : &iter->one;
}

/* Leaves the pieces that are used up; the current one has bytes then, if any are left at all. */
static void skip_empty(struct iter *iter)
{
    while (iter->count > 1 && iter->off >= piece(iter)->len) {
        iter->off -= piece(iter)->len;
        iter->pieces++;
        iter->count--;
    }
}

void iter_advance(struct iter *iter, u64 size)
{
    size = u64_min(size, iter->left);
    iter->left -= size;
    while (size > 0) {
        u64 here;

        skip_empty(iter);
        here = u64_min(size, piece(iter)->len - iter->off);
        if (here == 0)
            return; /* `left` was more than the pieces hold. */
        iter->off += here;
        size -= here;
    }
}

/* How many of `size` bytes at the current place were done. */
static size_t work_kernel(enum iter_work work, void *place, void *bytes, size_t size)
{
    switch (work) {
    case ITER_FROM:
        mem_copy(bytes, place, size);
        break;
    case ITER_TO:
        mem_copy(place, bytes, size);
        break;
    case ITER_ZERO:
        mem_zero(place, size);
        break;
    }
    return size;
}

static size_t work_user(enum iter_work work, uaddr_t place, void *bytes, size_t size)
{
    switch (work) {
    case ITER_FROM:
        return size - copy_in_some(bytes, place, size);
    case ITER_TO:
        return size - copy_out_some(place, bytes, size);
    case ITER_ZERO:
        return size - zero_out_some(place, size);
    }
    return 0;
}

static size_t run(struct iter *iter, enum iter_work work, u8 *bytes, size_t size)
{
    size_t done = 0;

    size = u64_min(size, iter->left);
    while (done < size) {
        u8 *at = work == ITER_ZERO ? NULL : bytes + done;
        size_t here;
        size_t got;
        u64 place;

        skip_empty(iter);
        here = u64_min(size - done, piece(iter)->len - iter->off);
        place = piece(iter)->base + iter->off;
        if (here == 0)
            break;
        got = iter->is_user ? work_user(work, place, at, here)
                            : work_kernel(work, (void *)(uintptr_t)place, at, here);
        iter_advance(iter, got);
        done += got;
        if (got < here)
            break;
    }
    return done;
}

/* One piece of the program's that has all of it: nearly always. `*place` is where. */
static inline bool is_simple(const struct iter *iter, size_t size, uaddr_t *place)
{
    const struct iovec_user *only = piece(iter);

    *place = only->base + iter->off;
    return iter->count == 1 && iter->is_user && iter->off <= only->len &&
           size <= only->len - iter->off;
}

static inline size_t simple_done(struct iter *iter, size_t done)
{
    iter->off += done;
    iter->left -= done;
    return done;
}

size_t iter_copy_from(struct iter *iter, void *to, size_t size)
{
    uaddr_t place;

    size = u64_min(size, iter->left);
    if (is_simple(iter, size, &place))
        return simple_done(iter, size - copy_in_some(to, place, size));
    return run(iter, ITER_FROM, to, size);
}

size_t iter_copy_to(struct iter *iter, const void *from, size_t size)
{
    uaddr_t place;

    size = u64_min(size, iter->left);
    if (is_simple(iter, size, &place))
        return simple_done(iter, size - copy_out_some(place, from, size));
    return run(iter, ITER_TO, (u8 *)(uintptr_t)from, size); /* Only read. */
}

size_t iter_zero(struct iter *iter, size_t size)
{
    return run(iter, ITER_ZERO, NULL, size);
}
