/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd, timerfd, the console and poll. */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/clock.h"
#include "kernel/file/console.h"
#include "kernel/file/eventfd.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/file/poll.h"
#include "kernel/file/timerfd.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

static long read_number(struct file *file, u64 *value)
{
    struct iter iter;

    iter_init_kernel(&iter, value, sizeof(*value));
    return file_read(file, &iter, NULL);
}

static long write_number(struct file *file, u64 value)
{
    struct iter iter;

    iter_init_kernel(&iter, &value, sizeof(value));
    return file_write(file, &iter, NULL);
}

TEST(eventfd, adds_up_and_empties)
{
    struct file *file = eventfd_create(3, false, FILE_NONBLOCK);
    u64 value;

    CHECK_EQ(write_number(file, 4), 8);
    CHECK_EQ(read_number(file, &value), 8);
    CHECK_EQ(value, 7);
    CHECK_EQ(read_number(file, &value), -EAGAIN);
    CHECK_EQ(write_number(file, UINT64_MAX), -EINVAL);
    CHECK_EQ(write_number(file, UINT64_MAX - 1), 8);
    CHECK_EQ(write_number(file, 1), -EAGAIN);
    CHECK_EQ(file_poll(file), POLLIN | POLLRDNORM);
    file_put(file);
    CHECK_EQ(file_count(), 0);
}

TEST(eventfd, semaphore_gives_one_at_a_time)
{
    struct file *file = eventfd_create(2, true, FILE_NONBLOCK);
    u64 value;

    CHECK_EQ(read_number(file, &value), 8);
    CHECK_EQ(value, 1);
    CHECK_EQ(read_number(file, &value), 8);
    CHECK_EQ(read_number(file, &value), -EAGAIN);
    file_put(file);
}

TEST(timerfd, counts_what_nobody_read)
{
    struct file *file = timerfd_create(false, FILE_NONBLOCK);
    struct timerfd_setting setting = { .value_ns = 1000, .interval_ns = 300 };
    struct timerfd_setting old;
    u64 value;

    timerfd_set(file, &setting, false, &old);
    CHECK_EQ(old.value_ns, 0);
    CHECK_EQ(read_number(file, &value), -EAGAIN);
    fake_clock_advance(1000);
    CHECK_EQ(file_poll(file), POLLIN | POLLRDNORM);
    CHECK_EQ(fake_timers_armed(), 0); /* It rests until it is read. */
    fake_clock_advance(700);
    CHECK_EQ(read_number(file, &value), 8);
    CHECK_EQ(value, 3);
    CHECK_EQ(read_number(file, &value), -EAGAIN);
    timerfd_get(file, &old);
    CHECK_EQ(old.value_ns, 200);
    CHECK_EQ(old.interval_ns, 300);
    setting = (struct timerfd_setting){ 0 };
    timerfd_set(file, &setting, false, &old);
    CHECK_EQ(fake_timers_armed(), 0);
    file_put(file);
    CHECK_EQ(fake_heap_objects, 1); /* The file's storage, kept for the next. */
}

TEST(console, gives_what_was_typed_and_then_the_end)
{
    struct file *file = console_create(FILE_READABLE | FILE_WRITABLE | FILE_NONBLOCK);
    char text[8];
    struct iter iter;

    iter_init_kernel(&iter, text, sizeof(text));
    CHECK_EQ(file_read(file, &iter, NULL), -EAGAIN);
    console_input("hello", 5);
    iter_init_kernel(&iter, text, 3);
    CHECK_EQ(file_read(file, &iter, NULL), 3);
    iter_init_kernel(&iter, text, sizeof(text));
    CHECK_EQ(file_read(file, &iter, NULL), 2);
    console_input_end();
    iter_init_kernel(&iter, text, sizeof(text));
    CHECK_EQ(file_read(file, &iter, NULL), 0);
    file_put(file);
}

static struct file *sleeper;

static void write_while_asleep(u64 deadline_ns)
{
    (void)deadline_ns;
    CHECK_EQ(write_number(sleeper, 1), 8);
}

TEST(poll, finds_ready_and_bad_descriptors_at_once)
{
    struct linux_pollfd fds[4] = {
        { 0, POLLIN, 0 }, { 1, POLLOUT, 0 }, { -1, POLLIN, 7 }, { 99, POLLIN, 0 }
    };

    fdtable_init(current_fdtable());
    CHECK_EQ(fdtable_insert(current_fdtable(), eventfd_create(0, false, 0), 0, false), 0);
    CHECK_EQ(fdtable_insert(current_fdtable(), eventfd_create(0, false, 0), 0, false), 1);
    CHECK_EQ(poll_wait(fds, 4, 0), 2);
    CHECK_EQ(fds[0].revents, 0);
    CHECK_EQ(fds[1].revents, POLLOUT);
    CHECK_EQ(fds[2].revents, 0);
    CHECK_EQ(fds[3].revents, POLLNVAL);
}

TEST(poll, sleeps_on_many_and_leaves_no_hook)
{
    static struct linux_pollfd fds[100];
    long before;

    fdtable_init(current_fdtable());
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(fdtable_insert(current_fdtable(), eventfd_create(0, false, 0), 0, false), i);
        fds[i] = (struct linux_pollfd){ i, POLLIN, 0 };
    }
    sleeper = fdtable_get(current_fdtable(), 77);
    before = fake_heap_objects;
    fake_sleep_hook = write_while_asleep;
    CHECK_EQ(poll_wait(fds, 100, DEADLINE_NONE), 1);
    CHECK_EQ(fds[77].revents, POLLIN);
    CHECK_EQ(fake_heap_objects, before);
    CHECK_EQ(sleeper->refs, 2);
}

static void time_passes(u64 deadline_ns)
{
    fake_clock_advance(deadline_ns - fake_now_ns);
}

TEST(poll, returns_0_at_the_deadline)
{
    fdtable_init(current_fdtable());
    fake_sleep_hook = time_passes;
    CHECK_EQ(poll_wait(NULL, 0, fake_now_ns + 5000), 0);
}
