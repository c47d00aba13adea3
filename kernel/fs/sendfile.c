/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/sendfile.h"

#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/core/thread.h"
#include "kernel/file/file.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/page.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* One page, or what is left of it, by reference. */
static long send_piece(struct file *in, u64 off, struct file *out, u64 size)
{
    u32 start = (u32)(off % PAGE_SIZE);
    u32 len = (u32)u64_min(size, PAGE_SIZE - start);
    struct page *page;
    long sent;
    int err;

    err = in->ops->get_page(in, off / PAGE_SIZE, &page);
    if (err < 0)
        return err;
    sent =
        out->ops->send_page(out, page, start, len, file_flags(out) | (size > len ? FILE_MORE : 0));
    page_put(page);
    return sent;
}

static long send_pages(struct file *in, u64 *off, struct file *out, u64 size)
{
    long done = 0;

    while (size > 0) {
        u64 end = in->ops->size(in);
        long sent;

        if (*off >= end)
            break;
        sent = send_piece(in, *off, out, u64_min(size, end - *off));
        if (sent <= 0)
            return done ? done : sent;
        done += sent;
        *off += (u64)sent;
        size -= (u64)sent;
        sched_yield_if_due();
    }
    return done;
}

/* Writes all of a piece that was read; fewer bytes only when `out` takes no more. */
static long write_piece(struct file *out, u64 *out_off, u8 *bytes, u64 len)
{
    u64 done = 0;

    while (done < len) {
        struct iter from;
        long written;

        iter_init_kernel(&from, bytes + done, len - done);
        written = file_write(out, &from, out_off);
        if (written <= 0)
            return done ? (long)done : written;
        done += (u64)written;
        if (out_off)
            *out_off += (u64)written;
    }
    return (long)done;
}

static long copy_pieces(struct file *in, u64 *off, struct file *out, u64 *out_off, u64 size)
{
    struct page *page = page_alloc(0, 0);
    long done = 0;

    if (!page)
        return -ENOMEM;
    while (size > 0) {
        u64 len = u64_min(size, PAGE_SIZE);
        struct iter to;
        long moved;

        iter_init_kernel(&to, page_virt(page), len);
        moved = file_read(in, &to, off);
        if (moved > 0)
            len = (u64)moved;
        if (moved > 0)
            moved = write_piece(out, out_off, page_virt(page), len);
        if (moved <= 0) {
            done = done ? done : moved;
            break;
        }
        done += moved;
        *off += (u64)moved;
        size -= (u64)moved;
        if ((u64)moved < len)
            break;
        sched_yield_if_due();
    }
    page_put(page);
    return done;
}

static bool goes_by_reference(const struct file *in, const struct file *out)
{
    return in->ops->get_page && in->ops->size && out->ops->send_page;
}

static long transfer_at(struct file *in, u64 *off, struct file *out, u64 *out_off, u64 size)
{
    if (goes_by_reference(in, out))
        return send_pages(in, off, out, size);
    return copy_pieces(in, off, out, out_off, size);
}

long file_transfer(struct file *in, u64 *in_off, struct file *out, u64 *out_off, u64 size)
{
    u64 off;
    long done;

    if (!(file_flags(in) & FILE_READABLE) || !(file_flags(out) & FILE_WRITABLE))
        return -EBADF;
    if (!(file_flags(in) & FILE_SEEKABLE))
        return in_off ? -ESPIPE : -EINVAL;
    if (in_off)
        return transfer_at(in, in_off, out, out_off, size);

    /* The position is not locked over the transfer: writing to `out` may lock its own. */
    mutex_lock(&in->position_lock);
    off = in->position;
    mutex_unlock(&in->position_lock);
    done = transfer_at(in, &off, out, out_off, size);
    mutex_lock(&in->position_lock);
    in->position = off;
    mutex_unlock(&in->position_lock);
    return done;
}
