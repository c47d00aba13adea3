/* SPDX-License-Identifier: Apache-2.0 */
/* The disk driver: what goes to the device, and what becomes of its answers, right and wrong. */
#include "abi/linux/errors.h"
#include "abi/virtio/blk.h"
#include "abi/virtio/ring.h"
#include "kernel/block/block.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "kernel/mm/page.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_virtio.h"
#include "test/unit/unit.h"

#include <string.h>

extern const struct virtio_driver virtio_blk_driver;

static struct virtio_device machine;
static struct block_device *disk;
static int register_error;
static int done_count;

int block_register(struct block_device *device)
{
    CHECK(machine.started);
    disk = device;
    return register_error;
}

static void note_done(struct block_request *request)
{
    (void)request;
    CHECK_EQ(fake_locks_held, 0);
    done_count++;
}

static void start(u64 features, u16 queue_size)
{
    u64 capacity = 1000;
    u32 seg_max = 200;

    machine.features = features | VIRTIO_F_EVENT_IDX;
    machine.queue_size = queue_size;
    memcpy(machine.config + VIRTIO_BLK_CONFIG_CAPACITY, &capacity, 8);
    memcpy(machine.config + VIRTIO_BLK_CONFIG_SEG_MAX, &seg_max, 4);
    CHECK_EQ(virtio_blk_driver.probe(&machine), 0);
}

static void make_request(struct block_request *request, enum block_op op, u64 sector, u32 segments)
{
    static struct page *page;

    if (!page)
        page = page_alloc(5, 0);
    memset(request, 0, sizeof(*request));
    request->op = op;
    request->sector = sector;
    request->segment_count = segments;
    for (u32 i = 0; i < segments; i++)
        request->segments[i] = (struct block_segment){ page, i * 4096 % 131072, 512 };
    request->status = 1;
    request->done = note_done;
}

static void submit(struct block_request *request)
{
    disk->driver->submit(disk, request);
}

/* Takes the next request and answers it. */
static void answer(u8 status, u32 claimed)
{
    struct virtqueue *queue = machine.queues[0];
    struct fake_chain chain;
    const struct virtio_segment *last;

    CHECK(fake_virtio_take(queue, &chain));
    last = &chain.in[chain.in_count - 1];
    CHECK_EQ(last->len, 1);
    *(u8 *)(uintptr_t)last->address = status;
    fake_virtio_give(queue, chain.head, claimed);
}

TEST(virtio_blk, describes_itself_and_asks_as_the_device_expects)
{
    struct virtqueue *queue;
    struct block_request request;
    struct fake_chain chain;
    struct virtio_blk_hdr header;

    start(VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_FLUSH, 64);
    queue = machine.queues[0];
    CHECK_EQ(disk->sector_count, 1000);
    CHECK_EQ(disk->segments_max, BLOCK_SEGMENTS_MAX);
    CHECK(!disk->read_only);
    CHECK(strcmp(disk->name, "vda") == 0);

    make_request(&request, BLOCK_READ, 77, 3);
    submit(&request);
    CHECK_EQ(machine.notified, 1);
    CHECK(fake_virtio_take(queue, &chain));
    CHECK_EQ(chain.out_count, 1);
    CHECK_EQ(chain.in_count, 4);
    CHECK_EQ(chain.out[0].len, 16);
    memcpy(&header, (void *)(uintptr_t)chain.out[0].address, sizeof(header));
    CHECK_EQ(le32_get(header.type), VIRTIO_BLK_T_IN);
    CHECK_EQ(le64_get(header.sector), 77);
    CHECK_EQ(chain.in[1].address - chain.in[0].address, 4096);

    make_request(&request, BLOCK_WRITE, 5, 2);
    submit(&request);
    CHECK(fake_virtio_take(queue, &chain));
    CHECK_EQ(chain.out_count, 3);
    CHECK_EQ(chain.in_count, 1);

    make_request(&request, BLOCK_FLUSH, 0, 0);
    submit(&request);
    CHECK(fake_virtio_take(queue, &chain));
    CHECK_EQ(chain.out_count, 1);
    CHECK_EQ(chain.in_count, 1);
}

TEST(virtio_blk, tells_success_from_failure)
{
    static const struct {
        u8 status;
        int expected;
    } cases[] = { { 0, 0 }, { 1, -EIO }, { 2, -EIO }, { 0xff, -EIO }, { 77, -EIO } };

    start(0, 64);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct block_request request;

        make_request(&request, BLOCK_READ, 0, 1);
        submit(&request);
        answer(cases[i].status, 513);
        fake_virtio_interrupt(machine.queues[0]);
        CHECK_EQ(request.status, cases[i].expected);
        CHECK_EQ(done_count, (int)i + 1);
    }
}

TEST(virtio_blk, requests_wait_for_room_and_all_are_answered)
{
    enum {
        COUNT = 100
    };
    static struct block_request requests[COUNT];

    start(0, 16); /* Room for one of 14 segments. */
    CHECK_EQ(disk->segments_max, 14);
    for (int i = 0; i < COUNT; i++) {
        make_request(&requests[i], BLOCK_READ, (u64)i, (u32)i % 14 + 1);
        submit(&requests[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        answer(0, 1);
        fake_virtio_interrupt(machine.queues[0]);
        CHECK_EQ(done_count, i + 1);
        CHECK_EQ(requests[i].status, 0);
    }
}

TEST(virtio_blk, a_lie_fails_everything_that_is_out)
{
    struct block_request requests[6];

    start(0, 16);
    for (int i = 0; i < 6; i++) {
        make_request(&requests[i], BLOCK_READ, (u64)i, 4);
        submit(&requests[i]);
    }
    fake_virtio_give(machine.queues[0], 9999, 0);
    fake_virtio_interrupt(machine.queues[0]);
    CHECK(machine.broken);
    CHECK_EQ(done_count, 6);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(requests[i].status, -EIO);
    make_request(&requests[0], BLOCK_READ, 0, 1);
    submit(&requests[0]);
    CHECK_EQ(done_count, 7);
    CHECK_EQ(requests[0].status, -EIO);
}

TEST(virtio_blk, flush_is_done_where_there_is_no_cache)
{
    struct block_request request;

    start(VIRTIO_BLK_F_RO, 64);
    CHECK(disk->read_only);
    make_request(&request, BLOCK_FLUSH, 0, 0);
    submit(&request);
    CHECK_EQ(done_count, 1);
    CHECK_EQ(request.status, 0);
    CHECK_EQ(machine.notified, 0);
}

/* A request must fit into whichever queue it comes to, or it would wait for ever. */
TEST(virtio_blk, asks_for_no_more_than_its_smallest_queue_holds)
{
    u16 queues = 2;

    fake_cpu_count = 2;
    machine.other_queue_size = 8;
    memcpy(machine.config + VIRTIO_BLK_CONFIG_QUEUES, &queues, 2);
    start(VIRTIO_BLK_F_MQ, 64);
    CHECK_EQ(disk->segments_max, 6);
}

TEST(virtio_blk, refuses_queues_that_hold_no_request)
{
    for (u16 size = 1; size <= 2; size++) {
        machine.queue_size = size;
        CHECK(virtio_blk_driver.probe(&machine) < 0);
        CHECK(!machine.started);
        CHECK_EQ(fake_heap_objects, 0);
        CHECK_EQ(fake_pages, 0);
    }
}

TEST(virtio_blk, gives_everything_back_when_the_probe_fails)
{
    machine.queue_size = 64;
    for (long i = 0; i < 6; i++) {
        fake_alloc_fail_after = i;
        CHECK_EQ(virtio_blk_driver.probe(&machine), -ENOMEM);
        CHECK_EQ(fake_heap_objects, 0);
        CHECK_EQ(fake_pages, 0);
        CHECK(!machine.started);
    }
    fake_alloc_fail_after = -1;
    register_error = -ENOSPC;
    CHECK_EQ(virtio_blk_driver.probe(&machine), -ENOSPC);
    CHECK_EQ(fake_heap_objects, 0);
    CHECK(!machine.started);
}
