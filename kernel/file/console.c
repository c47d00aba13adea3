/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/file/console.h"

#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/mm/iter.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    PIECE_SIZE = 256, /* Copied from or to the program at a time. */
};

static struct spinlock input_lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);
static char input[CONSOLE_INPUT_SIZE] GUARDED_BY(&input_lock);
static u32 input_head GUARDED_BY(&input_lock);
static u32 input_len GUARDED_BY(&input_lock);
static bool input_ended GUARDED_BY(&input_lock);

static struct wait_queue input_queue = {
    .lock = SPINLOCK_INIT(LOCK_RANK_WAIT),
    .waiters = LIST_INIT(input_queue.waiters),
};

void console_input(const char *bytes, size_t len)
{
    spin_lock(&input_lock);
    for (size_t i = 0; i < len && input_len < CONSOLE_INPUT_SIZE; i++) {
        input[(input_head + input_len) % CONSOLE_INPUT_SIZE] = bytes[i];
        input_len++;
    }
    spin_unlock(&input_lock);
    wait_wake(&input_queue, POLLIN | POLLRDNORM);
}

void console_input_end(void)
{
    spin_lock(&input_lock);
    input_ended = true;
    spin_unlock(&input_lock);
    wait_wake_all(&input_queue, POLLIN | POLLRDNORM | POLLHUP);
}

/* Up to `size` bytes: how many, 0 at the end, -EAGAIN when none has come yet. */
static long take_input(char *bytes, size_t size)
{
    u32 count;
    long result;

    spin_lock(&input_lock);
    count = (u32)size_min(input_len, size);
    for (u32 i = 0; i < count; i++)
        bytes[i] = input[(input_head + i) % CONSOLE_INPUT_SIZE];
    input_head = (input_head + count) % CONSOLE_INPUT_SIZE;
    input_len -= count;
    result = count > 0 || input_ended ? (long)count : -EAGAIN;
    spin_unlock(&input_lock);
    return result;
}

static long console_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    char piece[PIECE_SIZE];
    size_t size = u64_min(to->left, sizeof(piece));
    struct waiter waiter;
    long count;
    int err = 0;

    (void)file;
    (void)off;
    if (size == 0)
        return 0;
    count = take_input(piece, size);
    if (count == -EAGAIN && !(flags & FILE_NONBLOCK)) {
        wait_begin(&input_queue, &waiter, POLLIN | POLLHUP);
        for (count = take_input(piece, size); count == -EAGAIN && err == 0;
             count = take_input(piece, size))
            err = wait_block(&waiter, DEADLINE_NONE);
        wait_end(&waiter);
        if (count == -EAGAIN)
            return err;
    }
    if (count <= 0)
        return count;
    return iter_copy_to(to, piece, (size_t)count) == (size_t)count ? count : -EFAULT;
}

static long console_file_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    char piece[PIECE_SIZE];
    long done = 0;

    (void)file;
    (void)off;
    (void)flags;
    while (from->left > 0) {
        size_t size = u64_min(from->left, sizeof(piece));
        size_t copied = iter_copy_from(from, piece, size);

        console_write(piece, copied);
        done += (long)copied;
        if (copied < size)
            return done ? done : -EFAULT;
    }
    return done;
}

static u32 console_poll(struct file *file)
{
    u32 events = POLLOUT | POLLWRNORM;

    (void)file;
    spin_lock(&input_lock);
    if (input_len > 0 || input_ended)
        events |= POLLIN | POLLRDNORM;
    spin_unlock(&input_lock);
    return events;
}

static struct wait_queue *console_wait_queue(struct file *file)
{
    (void)file;
    return &input_queue;
}

static const struct file_ops console_ops = {
    .name = "/dev/console",
    .read = console_read,
    .write = console_file_write,
    .poll = console_poll,
    .wait_queue = console_wait_queue,
};

struct file *console_create(u32 flags)
{
    return file_create(&console_ops, NULL, flags);
}
