/* SPDX-License-Identifier: Apache-2.0 */
/* The transport of shared folders: calls and their answers, and devices that lie or die. */
#include "abi/linux/errors.h"
#include "abi/virtio/9p.h"
#include "abi/virtio/ring.h"
#include "kernel/core/clock.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "kernel/share/share.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_virtio.h"
#include "test/unit/unit.h"

#include <string.h>

extern const struct virtio_driver virtio_9p_driver;

static struct virtio_device machine;
static u32 claimed;

static int probe(const char *tag, u16 len, u64 features)
{
    machine.features = features | VIRTIO_F_EVENT_IDX;
    machine.queue_size = 8;
    memcpy(machine.config, &len, sizeof(len));
    memcpy(machine.config + VIRTIO_9P_CONFIG_TAG, tag, strlen(tag));
    return virtio_9p_driver.probe(&machine);
}

/* The device answers: the request backwards. */
static void answer(u64 deadline_ns)
{
    struct virtqueue *queue = machine.queues[0];
    struct fake_chain chain;

    (void)deadline_ns;
    CHECK(fake_virtio_take(queue, &chain));
    CHECK_EQ(chain.out_count, 1);
    for (u32 i = 0; i < chain.out[0].len && i < chain.in[0].len; i++) {
        ((u8 *)(uintptr_t)chain.in[0].address)[i] =
            ((u8 *)(uintptr_t)chain.out[0].address)[chain.out[0].len - 1 - i];
    }
    fake_virtio_give(queue, chain.head, claimed);
    fake_virtio_interrupt(queue);
}

static void die(u64 deadline_ns)
{
    (void)deadline_ns;
    machine.broken = true;
    fake_virtio_interrupt(machine.queues[0]);
}

static long call_once(struct share *share, char *in, u32 in_size)
{
    static char out[] = "abcd";
    struct share_call call = { .out_count = 1, .in_count = 1 };

    call.segments[0] = (struct share_segment){ out, 4 };
    call.segments[1] = (struct share_segment){ in, in_size };
    return share->call(share, &call);
}

TEST(virtio_9p, carries_a_message_and_its_answer)
{
    struct share *share;
    long objects;
    char in[8] = "";

    CHECK_EQ(probe("root", 4, VIRTIO_9P_F_MOUNT_TAG), 0);
    share = share_find("root");
    CHECK(share);
    CHECK_EQ(share->segments_max, 8);
    objects = fake_heap_objects;
    fake_sleep_hook = answer;
    claimed = 4;
    CHECK_EQ(call_once(share, in, sizeof(in)), 4);
    CHECK_EQ(memcmp(in, "dcba", 4), 0);
    CHECK_EQ(fake_heap_objects, objects);
}

TEST(virtio_9p, fails_a_call_whose_device_claims_more_than_there_is_room_for)
{
    struct share *share;
    char in[4];

    CHECK_EQ(probe("root", 4, VIRTIO_9P_F_MOUNT_TAG), 0);
    share = share_find("root");
    fake_sleep_hook = answer;
    claimed = 5;
    CHECK_EQ(call_once(share, in, sizeof(in)), -EIO);
    CHECK(machine.broken);
    CHECK_EQ(call_once(share, in, sizeof(in)), -EIO);
}

TEST(virtio_9p, fails_a_call_whose_device_dies)
{
    struct share *share;
    char in[4];

    CHECK_EQ(probe("root", 4, VIRTIO_9P_F_MOUNT_TAG), 0);
    share = share_find("root");
    fake_sleep_hook = die;
    CHECK_EQ(call_once(share, in, sizeof(in)), -EIO);
}

static u32 sleeps;

static void be_silent(u64 deadline_ns)
{
    sleeps++;
    fake_clock_advance(deadline_ns - fake_now_ns);
}

/* It stands still for an hour, as one that was paused, and then is as silent as before. */
static void be_paused_and_answer(u64 deadline_ns)
{
    sleeps++;
    fake_clock_advance(3600 * NS_PER_SECOND);
    if (sleeps == 3)
        answer(deadline_ns);
}

TEST(virtio_9p, gives_up_on_a_device_that_says_nothing)
{
    struct share *share;
    long objects;
    char in[8] = "";

    CHECK_EQ(probe("root", 4, VIRTIO_9P_F_MOUNT_TAG), 0);
    share = share_find("root");
    objects = fake_heap_objects;
    fake_sleep_hook = be_silent;
    CHECK_EQ(call_once(share, in, sizeof(in)), -ETIMEDOUT);
    CHECK_EQ(sleeps, SHARE_PATIENCE_SECONDS);
    CHECK(!machine.broken);
    CHECK_EQ(fake_heap_objects, objects + 1); /* The device has it. */

    claimed = 4;
    answer(0);
    CHECK_EQ(fake_heap_objects, objects);
}

TEST(virtio_9p, does_not_count_the_time_that_the_machine_stood_still)
{
    struct share *share;
    char in[8] = "";

    CHECK_EQ(probe("root", 4, VIRTIO_9P_F_MOUNT_TAG), 0);
    share = share_find("root");
    fake_sleep_hook = be_paused_and_answer;
    claimed = 4;
    CHECK_EQ(call_once(share, in, sizeof(in)), 4);
    CHECK_EQ(sleeps, 3);
}

TEST(virtio_9p, takes_no_device_without_a_proper_tag)
{
    static const struct {
        const char *tag;
        u16 len;
        u64 features;
    } cases[] = {
        { "root", 4, 0 },
        { "", 0, VIRTIO_9P_F_MOUNT_TAG },
        { "root", SHARE_TAG_SIZE, VIRTIO_9P_F_MOUNT_TAG },
        { "ro\nt", 4, VIRTIO_9P_F_MOUNT_TAG },
        { "root", 5, VIRTIO_9P_F_MOUNT_TAG },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        memset(&machine, 0, sizeof(machine));
        CHECK_EQ(probe(cases[i].tag, cases[i].len, cases[i].features), -EINVAL);
        CHECK_EQ(fake_heap_objects, 0);
        CHECK(!machine.started);
    }
}

TEST(virtio_9p, takes_no_second_device_of_a_tag)
{
    static struct virtio_device first;

    CHECK_EQ(probe("root", 4, VIRTIO_9P_F_MOUNT_TAG), 0);
    first = machine;
    memset(&machine, 0, sizeof(machine));
    CHECK_EQ(probe("root", 4, VIRTIO_9P_F_MOUNT_TAG), -EEXIST);
    CHECK(!machine.started);
    CHECK(!machine.queues[0]);
    (void)first;
}
