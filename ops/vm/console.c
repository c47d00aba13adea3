/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/console.h"

#include "ops/cli/ui.h"
#include "ops/vm/report.h"
#include "ops/vm/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK_SIZE = 16 * 1024,
};

/* What is kept where, and how far. */
struct keep {
    const struct console *console;
    int fd;        /* The newer file; -1: it cannot be had. */
    int report_fd; /* Or -1. */
    struct watch watch;
    char *told; /* What the watch prints. */
    size_t told_size;
};

static int file_open(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* The newer file, with room for `size` bytes: another one if need be. */
static int room_make(const struct console *console, int fd, size_t size)
{
    struct stat st;

    if (fd < 0)
        return file_open(console->newer);
    if (fstat(fd, &st) < 0 || st.st_size == 0 ||
        (uint64_t)st.st_size + size <= console->size_max / 2)
        return fd;
    close(fd);
    (void)rename(console->newer, console->older);
    return file_open(console->newer);
}

static void bytes_write(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        size -= (size_t)written;
    }
}

static void bytes_keep(struct keep *keep, const char *bytes, size_t size)
{
    while (size > 0) {
        size_t part = size < CHUNK_SIZE ? size : CHUNK_SIZE;

        keep->fd = room_make(keep->console, keep->fd, part);
        bytes_write(keep->fd, bytes, part);
        bytes += part;
        size -= part;
    }
}

/* Keeps what the watch has printed since. */
static void told_keep(struct keep *keep)
{
    if (fflush(keep->watch.out) == 0)
        bytes_keep(keep, keep->told, keep->told_size);
    rewind(keep->watch.out);
}

static void report_write(void *context, const char *line, size_t len)
{
    struct watch *watch = context;
    const struct keep *keep =
        (const struct keep *)((const char *)watch - offsetof(struct keep, watch));

    bytes_write(keep->report_fd, line, len);
    bytes_write(keep->report_fd, "\n", 1);
}

static void report_start(struct keep *keep)
{
    const struct console *console = keep->console;

    if (console->report_fd <= 0)
        return;
    keep->report_fd = file_open(console->report);
    keep->watch.out = open_memstream(&keep->told, &keep->told_size);
    keep->watch.is_live = true;
    keep->watch.reader.other = report_write;
    ui.json = false; /* How the command that began this prints is none of the log's. */
}

static void report_end(struct keep *keep)
{
    if (!keep->watch.out)
        return;
    watch_finish(&keep->watch);
    told_keep(keep);
    (void)fclose(keep->watch.out);
    free(keep->told);
    watch_fini(&keep->watch);
}

/* Takes what a pipe has; false when there will be no more. */
static bool pipe_take(struct keep *keep, const struct pollfd *wait)
{
    char chunk[CHUNK_SIZE];
    ssize_t size;

    if (wait->fd < 0 || wait->revents == 0)
        return wait->fd >= 0;
    size = read(wait->fd, chunk, sizeof(chunk));
    if (size < 0)
        return errno == EINTR || errno == EAGAIN;
    if (wait->fd == keep->console->console_fd) {
        bytes_keep(keep, chunk, (size_t)size);
    } else if (keep->watch.out) {
        watch_feed(&keep->watch, chunk, (size_t)size);
        told_keep(keep);
    }
    return size > 0;
}

void console_keep(void *context)
{
    const struct console *console = context;
    struct pollfd waits[] = {
        { .fd = console->console_fd, .events = POLLIN },
        { .fd = console->report_fd > 0 ? console->report_fd : -1, .events = POLLIN },
    };
    struct keep keep = { .console = console, .fd = file_open(console->newer), .report_fd = -1 };

    report_start(&keep);
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        (void)poll(waits, 2, -1);
        for (size_t i = 0; i < 2; i++) {
            if (!pipe_take(&keep, &waits[i]))
                waits[i].fd = -1;
        }
    }
    report_end(&keep);
    if (keep.report_fd >= 0)
        close(keep.report_fd);
    if (keep.fd >= 0)
        close(keep.fd);
}
