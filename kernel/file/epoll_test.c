/* SPDX-License-Identifier: Apache-2.0 */
/* epoll over files whose readiness the test sets: level, edge, one shot, nesting, closing. */
#include "kernel/file/epoll.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

struct thing {
    u32 events;
    u32 polls; /* How often it was asked. */
    struct wait_queue queue;
};

static u32 thing_poll(struct file *file)
{
    struct thing *thing = file->data;

    thing->polls++;
    return thing->events;
}

static struct wait_queue *thing_queue(struct file *file)
{
    struct thing *thing = file->data;

    return &thing->queue;
}

static const struct file_ops thing_ops = {
    .name = "thing",
    .poll = thing_poll,
    .wait_queue = thing_queue,
};

static struct thing things[1000];
static struct file *files[1000];
static struct file *epoll;

static void make(u32 count)
{
    epoll = epoll_create();
    CHECK(epoll);
    for (u32 i = 0; i < count; i++) {
        wait_queue_init(&things[i].queue);
        files[i] = file_create(&thing_ops, &things[i], FILE_READABLE);
        CHECK(files[i]);
    }
}

static void happens(u32 i, u32 events)
{
    things[i].events |= events;
    wait_wake(&things[i].queue, events);
}

static struct linux_epoll_event got[64];

static long look(u32 count)
{
    return epoll_wait(epoll, (uaddr_t)(uintptr_t)got, count, 0);
}

TEST(epoll, level_reports_as_long_as_it_holds)
{
    make(1);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN, 77), 0);
    CHECK_EQ(look(64), 0);
    happens(0, POLLIN);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(look(64), 1);
        CHECK_EQ(got[0].events, POLLIN);
        CHECK_EQ(got[0].data, 77);
    }
    things[0].events = 0;
    CHECK_EQ(look(64), 0);
}

TEST(epoll, edge_reports_each_event_once)
{
    make(1);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN | EPOLLET, 1), 0);
    happens(0, POLLIN);
    CHECK_EQ(look(64), 1);
    CHECK_EQ(look(64), 0);
    happens(0, POLLIN);
    CHECK_EQ(look(64), 1);
    CHECK_EQ(epoll_modify(epoll, files[0], 3, POLLIN | EPOLLET, 2), 0);
    CHECK_EQ(look(64), 1); /* Modifying looks again. */
    CHECK_EQ(got[0].data, 2);
    CHECK_EQ(look(64), 0);
}

TEST(epoll, one_shot_rests_until_modified)
{
    make(1);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN | EPOLLONESHOT, 1), 0);
    happens(0, POLLIN);
    CHECK_EQ(look(64), 1);
    happens(0, POLLIN | POLLHUP);
    CHECK_EQ(look(64), 0);
    CHECK_EQ(epoll_modify(epoll, files[0], 3, POLLIN | EPOLLONESHOT, 1), 0);
    CHECK_EQ(look(64), 1);
    CHECK_EQ(got[0].events, POLLIN | POLLHUP);
}

TEST(epoll, reports_what_was_ready_before_it_was_added)
{
    make(1);
    happens(0, POLLOUT);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLOUT | EPOLLET, 1), 0);
    CHECK_EQ(look(64), 1);
}

TEST(epoll, asks_only_those_that_may_be_ready)
{
    u32 polls = 0;

    make(1000);
    for (u32 i = 0; i < 1000; i++)
        CHECK_EQ(epoll_add(epoll, files[i], (int)i, POLLIN, i), 0);
    for (u32 i = 0; i < 1000; i++)
        things[i].polls = 0;
    happens(500, POLLIN);
    CHECK_EQ(look(64), 1);
    CHECK_EQ(got[0].data, 500);
    for (u32 i = 0; i < 1000; i++)
        polls += things[i].polls;
    CHECK_EQ(polls, 1);
}

TEST(epoll, takes_turns_when_there_is_no_room_for_all)
{
    make(4);
    for (u32 i = 0; i < 4; i++) {
        CHECK_EQ(epoll_add(epoll, files[i], (int)i, POLLIN, i), 0);
        happens(i, POLLIN);
    }
    for (u32 i = 0; i < 12; i++) {
        CHECK_EQ(look(1), 1);
        CHECK_EQ(got[0].data, i % 4);
    }
}

TEST(epoll, refuses_what_epoll_ctl_refuses)
{
    static const struct file_ops always = { .name = "always ready" };
    struct file *plain = file_create(&always, NULL, FILE_READABLE);

    make(1);
    CHECK_EQ(epoll_add(epoll, plain, 3, POLLIN, 0), -EPERM);
    CHECK_EQ(epoll_add(epoll, epoll, 3, POLLIN, 0), -EINVAL);
    CHECK_EQ(epoll_modify(epoll, files[0], 3, POLLIN, 0), -ENOENT);
    CHECK_EQ(epoll_remove(epoll, files[0], 3), -ENOENT);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN, 0), 0);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN, 0), -EEXIST);
    CHECK_EQ(epoll_add(epoll, files[0], 4, POLLIN, 0), 0); /* Another descriptor of it. */
    CHECK_EQ(epoll_remove(epoll, files[0], 3), 0);
    CHECK_EQ(epoll_add(epoll, files[0], 5, POLLIN | EPOLLONESHOT | EPOLLEXCLUSIVE, 0), -EINVAL);
    CHECK_EQ(epoll_add(epoll, files[0], 5, POLLIN | EPOLLEXCLUSIVE, 0), 0);
    CHECK_EQ(epoll_modify(epoll, files[0], 5, POLLIN, 0), -EINVAL);
    file_put(plain);
}

TEST(epoll, forgets_a_file_that_is_closed)
{
    make(2);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN, 0), 0);
    CHECK_EQ(epoll_add(epoll, files[0], 4, POLLIN, 0), 0);
    happens(0, POLLIN);
    file_put(files[0]);
    CHECK(wait_queue_is_empty(&things[0].queue));
    CHECK_EQ(look(64), 0);
    file_put(epoll);
    file_put(files[1]);
    CHECK_EQ(file_count(), 0);
}

TEST(epoll, closing_it_leaves_no_waiter_behind)
{
    long before;

    make(3);
    before = fake_heap_objects;
    for (u32 i = 0; i < 3; i++)
        CHECK_EQ(epoll_add(epoll, files[i], (int)i, POLLIN, 0), 0);
    happens(1, POLLIN);
    file_put(epoll);
    for (u32 i = 0; i < 3; i++)
        CHECK(wait_queue_is_empty(&things[i].queue));
    CHECK_EQ(fake_heap_objects, before - 1); /* The epoll itself. */
    happens(1, POLLIN);
}

TEST(epoll, keeps_events_when_the_buffer_is_bad)
{
    make(1);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN | EPOLLET | EPOLLONESHOT, 9), 0);
    happens(0, POLLIN);
    CHECK_EQ(epoll_wait(epoll, 16, 8, 0), -EFAULT);
    CHECK_EQ(look(64), 1);
    CHECK_EQ(got[0].data, 9);
    CHECK_EQ(look(64), 0);
}

TEST(epoll, watches_epolls_but_not_in_circles)
{
    struct file *chain[EPOLL_DEPTH_MAX + 1];

    make(1);
    for (int i = 0; i <= EPOLL_DEPTH_MAX; i++)
        chain[i] = epoll_create();
    for (int i = 0; i + 1 < EPOLL_DEPTH_MAX; i++)
        CHECK_EQ(epoll_add(chain[i], chain[i + 1], 10 + i, POLLIN, 0), 0);
    CHECK_EQ(epoll_add(chain[EPOLL_DEPTH_MAX - 1], chain[EPOLL_DEPTH_MAX], 30, POLLIN, 0), -ELOOP);
    CHECK_EQ(epoll_add(chain[2], chain[0], 31, POLLIN, 0), -ELOOP);

    CHECK_EQ(epoll_add(chain[EPOLL_DEPTH_MAX - 1], files[0], 3, POLLIN, 0), 0);
    happens(0, POLLIN);
    fake_run_bottom_halves();
    for (int i = 0; i < EPOLL_DEPTH_MAX; i++)
        CHECK(file_poll(chain[i]) & POLLIN);
    things[0].events = 0;
    for (int i = 0; i < EPOLL_DEPTH_MAX; i++)
        CHECK_EQ(file_poll(chain[i]), 0);
    for (int i = 0; i <= EPOLL_DEPTH_MAX; i++)
        file_put(chain[i]);
    fake_run_bottom_halves();
}

static void ready_while_asleep(u64 deadline_ns)
{
    (void)deadline_ns;
    happens(0, POLLIN);
}

TEST(epoll, sleeps_until_something_happens)
{
    make(1);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN, 5), 0);
    fake_sleep_hook = ready_while_asleep;
    CHECK_EQ(epoll_wait(epoll, (uaddr_t)(uintptr_t)got, 8, UINT64_MAX), 1);
    CHECK_EQ(got[0].data, 5);
}

static void time_passes(u64 deadline_ns)
{
    fake_clock_advance(deadline_ns - fake_now_ns);
}

TEST(epoll, wakes_at_the_deadline)
{
    make(1);
    CHECK_EQ(epoll_add(epoll, files[0], 3, POLLIN, 5), 0);
    fake_sleep_hook = time_passes;
    CHECK_EQ(epoll_wait(epoll, (uaddr_t)(uintptr_t)got, 8, fake_now_ns + 1000), 0);
}
