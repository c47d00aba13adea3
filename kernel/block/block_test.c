/* SPDX-License-Identifier: Apache-2.0 */
/* The checks between filesystems and drivers, on a disk in memory that answers later. */
#include "kernel/block/block.h"

#include "abi/linux/errors.h"
#include "kernel/mm/page.h"
#include "lib/base/mem.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    SECTORS = 64,
};

static u8 bytes[SECTORS * 512];
static struct block_request *pending;
static int submitted;
static int done_count;

static void submit(struct block_device *device, struct block_request *request)
{
    (void)device;
    CHECK(!pending);
    submitted++;
    pending = request;
}

static void complete(u64 deadline_ns)
{
    struct block_request *request = pending;
    u64 off;

    (void)deadline_ns;
    CHECK(request);
    off = request->sector * 512;
    for (u32 i = 0; i < request->segment_count; i++) {
        const struct block_segment *segment = &request->segments[i];

        CHECK(off + segment->len <= sizeof(bytes));
        memcpy((char *)page_virt(segment->page) + segment->off, bytes + off, segment->len);
        off += segment->len;
    }
    pending = NULL;
    request->status = 0;
    request->done(request);
}

static void count_done(struct block_request *request)
{
    (void)request;
    done_count++;
}

static const struct block_driver driver = { submit };

static struct block_device disk = {
    .name = "vda",
    .sector_count = SECTORS,
    .segments_max = 4,
    .request_bytes_max = 8192,
    .driver = &driver,
};

static void add_disk(void)
{
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)(i * 7 + i / 512);
    fake_sleep_hook = complete;
    CHECK_EQ(block_register(&disk), 0);
    submitted = 0;
}

TEST(block, reads_in_pieces_the_device_can_do)
{
    struct page *page = page_alloc(2, 0);

    add_disk();
    disk.stats = (struct block_stats){ 0 };
    CHECK_EQ(block_read(&disk, 512, page_virt(page), 16384), 0);
    CHECK_EQ(disk.stats.reads, 2);
    CHECK_EQ(disk.stats.read_bytes, 16384);
    CHECK_EQ(disk.stats.writes, 0);
    CHECK(memcmp(page_virt(page), bytes + 512, 16384) == 0);
    CHECK_EQ(submitted, 2);
    CHECK_EQ(block_read(&disk, 100, page_virt(page), 512), -EINVAL);
    CHECK_EQ(block_read(&disk, 512, page_virt(page), 100), -EINVAL);
    page_free(page);
    CHECK_EQ(fake_heap_objects, 0);
    CHECK_EQ(fake_pages, 0);
}

TEST(block, requests_are_checked_before_the_driver_sees_them)
{
    static const struct {
        enum block_op op;
        u64 sector;
        u32 count;
        u32 len;
        int status;
        const char *remark;
    } cases[] = {
        { BLOCK_READ, SECTORS, 1, 512, -EIO, "at the end" },
        { BLOCK_READ, SECTORS - 1, 1, 1024, -EIO, "over the end" },
        { BLOCK_READ, UINT64_MAX, 1, 512, -EIO, "far out" },
        { BLOCK_READ, UINT64_MAX, 2, 512, -EIO, "wraps" },
        { BLOCK_READ, 0, 0, 512, -EINVAL, "no segments" },
        { BLOCK_READ, 0, 5, 512, -EINVAL, "too many segments" },
        { BLOCK_READ, 0, 1, 100, -EINVAL, "not whole sectors" },
        { BLOCK_READ, 0, 1, 0, -EINVAL, "nothing" },
        { BLOCK_READ, 0, 4, 4096, -EINVAL, "more than the device takes" },
        { BLOCK_WRITE, 0, 1, 512, -EROFS, "a write to a read-only disk" },
    };
    struct block_request request;

    disk.read_only = true;
    add_disk();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mem_zero(&request, sizeof(request));
        request.op = cases[i].op;
        request.sector = cases[i].sector;
        request.segment_count = cases[i].count;
        for (u32 j = 0; j < 5; j++)
            request.segments[j].len = cases[i].len;
        request.done = count_done;
        done_count = 0;
        block_submit(&disk, &request);
        if (request.status != cases[i].status || done_count != 1 || submitted != 0) {
            fprintf(stderr, "%s: status %d\n", cases[i].remark, request.status);
            exit(1);
        }
    }
}

TEST(block, devices_are_found_by_name)
{
    add_disk();
    CHECK(block_find("vda") == &disk);
    CHECK(!block_find("vdb"));
    CHECK(block_at(0) == &disk);
    CHECK(!block_at(1));
}
