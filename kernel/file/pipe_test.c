/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes: bytes come out as they went in, small writes stay whole, ends are noticed. */
#include "kernel/file/pipe.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/file/file.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/page.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

static struct file *ends[2];

static void make(void)
{
    CHECK_EQ(pipe_create(FILE_NONBLOCK, ends), 0);
}

static long put(const void *bytes, size_t size)
{
    struct iter iter;

    iter_init_kernel(&iter, (void *)(uintptr_t)bytes, size);
    return file_write(ends[1], &iter, NULL);
}

static long take(void *bytes, size_t size)
{
    struct iter iter;

    iter_init_kernel(&iter, bytes, size);
    return file_read(ends[0], &iter, NULL);
}

TEST(pipe, carries_bytes_in_order)
{
    static u8 in[200000];
    static u8 out[200000];
    size_t sent = 0;
    size_t got = 0;

    make();
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (u8)(i * 7 + i / 251);
    for (size_t round = 1; got < sizeof(in); round++) {
        size_t size = round * 1237 % 30000 + 1;
        long done = 0;

        if (sent < sizeof(in))
            done = put(in + sent, size < sizeof(in) - sent ? size : sizeof(in) - sent);
        sent += done > 0 ? (size_t)done : 0;
        done = take(out + got, round * 977 % 20000 + 1);
        got += done > 0 ? (size_t)done : 0;
    }
    CHECK(memcmp(in, out, sizeof(in)) == 0);
}

TEST(pipe, holds_as_many_bytes_as_it_says)
{
    static u8 byte = 'x';
    long size;

    make();
    size = pipe_size(ends[1]);
    CHECK_EQ(size, 65536);
    for (long i = 0; i < size; i++)
        CHECK_EQ(put(&byte, 1), 1);
    CHECK_EQ(put(&byte, 1), -EAGAIN);
    CHECK_EQ(file_poll(ends[1]) & POLLOUT, 0);
}

TEST(pipe, small_writes_are_whole_or_not_at_all)
{
    static u8 bytes[65536];

    make();
    CHECK_EQ(put(bytes, 65536 - 100), 65536 - 100);
    CHECK_EQ(put(bytes, 101), -EAGAIN);
    CHECK_EQ(put(bytes, 100), 100);
    CHECK_EQ(take(bytes, 4096), 4096);
    CHECK_EQ(put(bytes, 8192), 4096); /* Beyond PIPE_BUF: what fits. */
}

TEST(pipe, tells_each_end_about_the_other)
{
    u8 byte = 0;

    make();
    CHECK_EQ(take(&byte, 1), -EAGAIN);
    CHECK_EQ(file_poll(ends[0]), 0);
    CHECK_EQ(put(&byte, 1), 1);
    CHECK_EQ(file_poll(ends[0]), POLLIN | POLLRDNORM);
    file_put(ends[1]);
    CHECK_EQ(file_poll(ends[0]), POLLIN | POLLRDNORM | POLLHUP);
    CHECK_EQ(take(&byte, 1), 1);
    CHECK_EQ(take(&byte, 1), 0);
    file_put(ends[0]);

    make();
    file_put(ends[0]);
    CHECK_EQ(put(&byte, 1), -EPIPE);
    CHECK(file_poll(ends[1]) & POLLERR);
    file_put(ends[1]);
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(file_count(), 0);
}

TEST(pipe, can_be_resized_with_bytes_in_it)
{
    static u8 bytes[65536];
    static u8 out[65536];

    make();
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)(i / 97);
    CHECK_EQ(put(bytes, 5000), 5000);
    CHECK_EQ(pipe_set_size(ends[0], 4096), -EBUSY);
    CHECK_EQ(pipe_set_size(ends[0], 8000), 8192);
    CHECK_EQ(pipe_set_size(ends[0], 200000), 262144);
    CHECK_EQ(pipe_set_size(ends[0], (1 << 20) + 1), -EPERM);
    CHECK_EQ(pipe_set_size(ends[0], 0), -EBUSY);
    CHECK_EQ(put(bytes + 5000, 60536), 60536);
    CHECK_EQ(take(out, 65536), 65536);
    CHECK(memcmp(bytes, out, sizeof(out)) == 0);
}

TEST(pipe, shared_pages_are_never_written_to)
{
    struct page *page = page_alloc(0, PAGE_ALLOC_ZERO);
    u8 out[16];

    make();
    CHECK_EQ(ends[1]->ops->send_page(ends[1], page, 10, 4, FILE_NONBLOCK), 4);
    CHECK_EQ(put("abc", 3), 3);
    CHECK_EQ(((u8 *)page_virt(page))[14], 0);
    CHECK_EQ(take(out, sizeof(out)), 7);
    CHECK(memcmp(out, "\0\0\0\0abc", 7) == 0);
    page_put(page);
    file_put(ends[0]);
    file_put(ends[1]);
    CHECK_EQ(fake_pages, 0);
}

static void *fifo_place;

/* While the reader waits a writer comes, leaves a byte, and goes. */
static void writer_passes_by(u64 deadline_ns)
{
    struct file *writer;

    (void)deadline_ns;
    CHECK_EQ(fifo_open(&fifo_place, FILE_WRITABLE | FILE_NONBLOCK, &writer), 0);
    file_put(writer);
}

TEST(fifo, opens_when_the_other_end_was_there_for_a_moment)
{
    fake_sleep_hook = writer_passes_by;
    CHECK_EQ(fifo_open(&fifo_place, FILE_READABLE, &ends[0]), 0);
    file_put(ends[0]);
    CHECK(!fifo_place);
}

TEST(fifo, opens_for_both_and_is_forgotten_when_closed)
{
    void *place = NULL;
    struct file *file;

    CHECK_EQ(fifo_open(&place, FILE_WRITABLE | FILE_NONBLOCK, &file), -ENXIO);
    CHECK(!place);
    CHECK_EQ(fifo_open(&place, FILE_READABLE | FILE_NONBLOCK, &ends[0]), 0);
    CHECK_EQ(fifo_open(&place, FILE_WRITABLE | FILE_NONBLOCK, &ends[1]), 0);
    CHECK_EQ(put("x", 1), 1);
    file_put(ends[0]);
    file_put(ends[1]);
    CHECK(!place);
    CHECK_EQ(fake_pages, 0);
}
