/* SPDX-License-Identifier: Apache-2.0 */
/* The virtqueue against a device that keeps the rules, and one that does not. */
#include "kernel/drivers/virtio/virtqueue.h"

#include "abi/linux/errors.h"
#include "abi/virtio/ring.h"
#include "kernel/drivers/virtio/mmio_param.h"
#include "kernel/drivers/virtio/virtio.h"
#include "lib/base/bytes.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

struct virtio_device {
    bool broken;
};

static struct virtio_device machine;
static struct virtqueue *queue;
static int notified;
static int polled;

void virtio_fail(struct virtio_device *device, const char *why)
{
    (void)why;
    device->broken = true;
}

bool virtio_is_broken(const struct virtio_device *of)
{
    return of->broken;
}

static void notify(struct virtqueue *of)
{
    CHECK(of == queue);
    notified++;
}

static bool note_poll(struct bottom_half *half)
{
    CHECK(half == &queue->half);
    polled++;
    return false;
}

static void make_queue(u16 size, bool event_index)
{
    queue = virtqueue_create(&machine, 0, size, event_index);
    CHECK(queue);
    queue->notify = notify;
    bottom_half_init(&queue->half, note_poll);
}

/* The device's side. */
static u16 device_seen;

static bool device_has(void)
{
    return le16_get(queue->avail->index) != device_seen;
}

/* Takes the next buffer: returns its head, and the sum of what may be read and written. */
static u16 device_take(u32 *readable, u32 *writable)
{
    u16 head;
    u16 at;

    CHECK(device_has());
    head = le16_get(queue->avail->ring[device_seen++ % queue->size]);
    at = head;
    *readable = 0;
    *writable = 0;
    for (int i = 0; i < queue->size; i++) {
        const struct virtq_desc *desc = &queue->desc[at];

        if (le16_get(desc->flags) & VIRTQ_DESC_WRITE) {
            *writable += le32_get(desc->len);
        } else {
            *readable += le32_get(desc->len);
        }
        if ((le16_get(desc->flags) & VIRTQ_DESC_NEXT) == 0)
            break;
        at = le16_get(desc->next);
    }
    return head;
}

static void device_give(u32 head, u32 len)
{
    u16 index = le16_get(queue->used->index);

    queue->used->ring[index % queue->size].id = le32_make(head);
    queue->used->ring[index % queue->size].len = le32_make(len);
    queue->used->index = le16_make((u16)(index + 1));
}

static const struct virtio_segment segments[] = {
    { 0x1000, 100 }, { 0x2000, 200 }, { 0x3000, 400 }, { 0x4000, 800 }, { 0x5000, 1600 },
};

TEST(virtqueue, lends_chains_and_takes_them_back_in_any_order)
{
    u32 readable;
    u32 writable;
    u16 heads[3];
    void *cookie;
    u32 len;

    make_queue(8, false);
    CHECK_EQ(virtqueue_add(queue, segments, 1, 1, (void *)1), 0);
    CHECK_EQ(virtqueue_add(queue, segments, 0, 3, (void *)2), 0);
    CHECK_EQ(virtqueue_add(queue, segments, 3, 0, (void *)3), 0);
    CHECK_EQ(virtqueue_free_count(queue), 0);
    CHECK_EQ(virtqueue_add(queue, segments, 1, 0, (void *)4), -ENOSPC);

    heads[0] = device_take(&readable, &writable);
    CHECK_EQ(readable, 100);
    CHECK_EQ(writable, 200);
    heads[1] = device_take(&readable, &writable);
    CHECK_EQ(readable, 0);
    CHECK_EQ(writable, 700);
    heads[2] = device_take(&readable, &writable);
    CHECK_EQ(readable, 700);
    CHECK(!device_has());

    CHECK(!virtqueue_take(queue, &cookie, &len));
    device_give(heads[2], 0);
    device_give(heads[0], 7);
    CHECK(virtqueue_take(queue, &cookie, &len));
    CHECK_EQ((uintptr_t)cookie, 3);
    CHECK(virtqueue_take(queue, &cookie, &len));
    CHECK_EQ((uintptr_t)cookie, 1);
    CHECK_EQ(len, 7);
    CHECK_EQ(virtqueue_free_count(queue), 5);
    CHECK_EQ(virtqueue_add(queue, segments, 5, 0, (void *)5), 0);
    device_take(&readable, &writable);
    CHECK_EQ(readable, 3100);

    CHECK(virtqueue_revoke(queue, &cookie));
    CHECK(virtqueue_revoke(queue, &cookie));
    CHECK(!virtqueue_revoke(queue, &cookie));
    CHECK_EQ(virtqueue_free_count(queue), 8);
    virtqueue_destroy(queue);
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(virtqueue, goes_round_many_times)
{
    u32 readable;
    u32 writable;
    void *cookie;
    u32 len;

    make_queue(4, true);
    for (u32 i = 0; i < 200000; i++) {
        CHECK_EQ(virtqueue_add(queue, segments, 1, 1, (void *)(uintptr_t)i), 0);
        device_give(device_take(&readable, &writable), i % 200);
        CHECK(virtqueue_take(queue, &cookie, &len));
        CHECK_EQ((uintptr_t)cookie, i);
        CHECK_EQ(len, i % 200);
    }
    CHECK(!machine.broken);
}

TEST(virtqueue, lends_the_buffer_taken_last_once_more)
{
    u32 readable;
    u32 writable;
    void *cookie;
    u32 len;

    make_queue(8, false);
    CHECK_EQ(virtqueue_add(queue, segments, 1, 2, (void *)1), 0);
    CHECK_EQ(virtqueue_add(queue, segments, 0, 1, (void *)2), 0);
    for (u32 i = 0; i < 1000; i++) {
        u16 first = device_take(&readable, &writable);

        CHECK_EQ(readable, 100);
        CHECK_EQ(writable, 600);
        device_give(device_take(&readable, &writable), 100);
        CHECK_EQ(writable, 100);
        device_give(first, 600);
        CHECK(virtqueue_take(queue, &cookie, &len));
        CHECK_EQ((uintptr_t)cookie, 2);
        CHECK(virtqueue_take(queue, &cookie, &len));
        CHECK_EQ((uintptr_t)cookie, 1);
        CHECK_EQ(len, 600);
        virtqueue_return(queue);
        CHECK_EQ(virtqueue_free_count(queue), 5);
        CHECK_EQ(virtqueue_add(queue, segments, 0, 1, (void *)2), 0);
    }
    CHECK(!machine.broken);
    CHECK(virtqueue_revoke(queue, &cookie));
    CHECK(virtqueue_revoke(queue, &cookie));
    CHECK_EQ(virtqueue_free_count(queue), 8);
    virtqueue_destroy(queue);
}

/* What a device may claim about the one buffer it has, of 400 bytes to write. */
TEST(virtqueue, a_lie_stops_the_device)
{
    static const struct {
        s32 head; /* Added to the right one. */
        u32 len;
        const char *remark;
    } cases[] = {
        { 0, 401, "wrote more than there was" },
        { 0, UINT32_MAX, "wrote a lot more" },
        { 1, 0, "a descriptor inside a chain" },
        { 3, 0, "a free descriptor" },
        { 8, 0, "past the table" },
        { 0x10000, 0, "right in its low bits only" },
        { -100, 0, "far out" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *cookie = NULL;
        u32 len;

        machine.broken = false;
        make_queue(8, true);
        CHECK_EQ(virtqueue_add(queue, segments, 2, 1, &machine), 0);
        device_give((u32)(0 + cases[i].head), cases[i].len);
        if (virtqueue_take(queue, &cookie, &len) || !machine.broken) {
            fprintf(stderr, "%s: believed\n", cases[i].remark);
            exit(1);
        }
        CHECK_EQ(virtqueue_add(queue, segments, 1, 0, NULL), -EIO);
        CHECK(virtqueue_irq_on(queue));
        virtqueue_destroy(queue);
    }
}

TEST(virtqueue, the_same_buffer_cannot_come_back_twice)
{
    u32 readable;
    u32 writable;
    void *cookie;
    u16 head;
    u32 len;

    make_queue(8, true);
    CHECK_EQ(virtqueue_add(queue, segments, 0, 2, &machine), 0);
    head = device_take(&readable, &writable);
    device_give(head, 0);
    device_give(head, 0);
    CHECK(virtqueue_take(queue, &cookie, &len));
    CHECK(!virtqueue_take(queue, &cookie, &len));
    CHECK(machine.broken);
}

TEST(virtqueue, an_index_far_ahead_is_a_lie)
{
    void *cookie;
    u32 len;
    int taken = 0;

    make_queue(8, true);
    CHECK_EQ(virtqueue_add(queue, segments, 0, 2, &machine), 0);
    queue->used->index = le16_make(30000);
    while (virtqueue_take(queue, &cookie, &len))
        taken++;
    CHECK(taken <= 1);
    CHECK(machine.broken);
}

TEST(virtqueue, tells_the_device_only_when_it_wants_to_know)
{
    make_queue(8, true);
    virtqueue_kick(queue);
    CHECK_EQ(notified, 0); /* Nothing new. */
    CHECK_EQ(virtqueue_add(queue, segments, 1, 0, NULL), 0);
    virtqueue_kick(queue);
    CHECK_EQ(notified, 1);
    CHECK_EQ(virtqueue_add(queue, segments, 1, 0, NULL), 0);
    virtqueue_kick(queue);
    CHECK_EQ(notified, 1); /* It wanted to know of the first only. */
    *queue->avail_event = le16_make(3);
    CHECK_EQ(virtqueue_add(queue, segments, 1, 0, NULL), 0);
    CHECK_EQ(virtqueue_add(queue, segments, 1, 0, NULL), 0);
    virtqueue_kick(queue);
    CHECK_EQ(notified, 2);
    virtqueue_destroy(queue);

    make_queue(8, false);
    queue->used->flags = le16_make(VIRTQ_USED_NO_NOTIFY);
    CHECK_EQ(virtqueue_add(queue, segments, 1, 0, NULL), 0);
    virtqueue_kick(queue);
    CHECK_EQ(notified, 2);
    queue->used->flags = le16_make(0);
    CHECK_EQ(virtqueue_add(queue, segments, 1, 0, NULL), 0);
    virtqueue_kick(queue);
    CHECK_EQ(notified, 3);
}

TEST(virtqueue, no_interrupt_is_lost_between_poll_and_rest)
{
    u32 readable;
    u32 writable;
    void *cookie;
    u32 len;

    for (int event_index = 0; event_index < 2; event_index++) {
        device_seen = 0;
        polled = 0;
        make_queue(8, event_index != 0);
        virtqueue_interrupt(queue); /* Nobody asked for one. */
        CHECK_EQ(fake_run_bottom_halves(), 0);
        CHECK(virtqueue_irq_on(queue));
        CHECK_EQ(virtqueue_add(queue, segments, 1, 0, NULL), 0);
        device_give(device_take(&readable, &writable), 0);
        virtqueue_interrupt(queue);
        virtqueue_interrupt(queue);
        fake_run_bottom_halves();
        CHECK_EQ(polled, 1);
        CHECK(!virtqueue_irq_on(queue)); /* One is there already. */
        CHECK(virtqueue_take(queue, &cookie, &len));
        CHECK(virtqueue_irq_on(queue));
        virtqueue_destroy(queue);
    }
}

TEST(virtqueue, memory_may_run_out)
{
    for (long i = 0; i < 3; i++) {
        fake_alloc_fail_after = i;
        CHECK(!virtqueue_create(&machine, 0, 256, true));
        CHECK_EQ(fake_heap_objects, 0);
        CHECK_EQ(fake_pages, 0);
    }
}

TEST(mmio_param, finds_devices_on_a_command_line)
{
    const char *at = "log=debug virtio_mmio.device=512@0xfeb00e00:12 "
                     "virtio_mmio.device=4K@0xd0001000:5:3\tend";
    struct mmio_param param;

    CHECK(mmio_param_next(&at, &param));
    CHECK_EQ(param.address, 0xfeb00e00);
    CHECK_EQ(param.size, 512);
    CHECK_EQ(param.irq, 12);
    CHECK(mmio_param_next(&at, &param));
    CHECK_EQ(param.address, 0xd0001000);
    CHECK_EQ(param.size, 4096);
    CHECK_EQ(param.irq, 5);
    CHECK(!mmio_param_next(&at, &param));
    CHECK(!mmio_param_next(&at, &param));
    CHECK_EQ(fake_log_warnings, 0);
}

TEST(mmio_param, skips_what_it_cannot_read)
{
    static const char *const bad[] = {
        "virtio_mmio.device=",
        "virtio_mmio.device=512",
        "virtio_mmio.device=512@",
        "virtio_mmio.device=512@0x1000",
        "virtio_mmio.device=512@0x1000:",
        "virtio_mmio.device=512@0x1000:x",
        "virtio_mmio.device=512@0x1000:70000",
        "virtio_mmio.device=512@0:5",
        "virtio_mmio.device=@0x1000:5",
        "virtio_mmio.device=K@0x1000:5",
        "virtio_mmio.device=16@0x1000:5",
        "virtio_mmio.device=99999999999M@0x1000:5",
        "virtio_mmio.device=512@0xffffffffffffff00:5",
    };
    char line[256];
    struct mmio_param param;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *at = line;

        snprintf(line, sizeof(line), "%s virtio_mmio.device=512@0x2000:7", bad[i]);
        CHECK(mmio_param_next(&at, &param));
        CHECK_EQ(param.address, 0x2000);
        CHECK_EQ(fake_log_warnings, (int)i + 1);
    }
}
