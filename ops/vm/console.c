/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK_SIZE = 16 * 1024,
};

static int newer_open(const struct console *console)
{
    return open(console->newer, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* The newer file, with room for `size` bytes: another one if need be. */
static int room_make(const struct console *console, int fd, size_t size)
{
    struct stat st;

    if (fd < 0)
        return newer_open(console);
    if (fstat(fd, &st) < 0 || st.st_size == 0 ||
        (uint64_t)st.st_size + size <= console->size_max / 2)
        return fd;
    close(fd);
    (void)rename(console->newer, console->older);
    return newer_open(console);
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

/* The next bytes; 0: there will be none any more. */
static size_t chunk_read(int fd, char *chunk)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    ssize_t size;

    do {
        (void)poll(&wait, 1, -1);
        size = read(fd, chunk, CHUNK_SIZE);
    } while (size < 0 && (errno == EINTR || errno == EAGAIN));
    return size > 0 ? (size_t)size : 0;
}

void console_keep(void *context)
{
    const struct console *console = context;
    char chunk[CHUNK_SIZE];
    size_t size = 1;
    int fd = newer_open(console);

    while (size > 0) {
        size = chunk_read(console->console_fd, chunk);
        if (size > 0) {
            fd = room_make(console, fd, size);
            bytes_write(fd, chunk, size);
        }
    }
    if (fd >= 0)
        close(fd);
}
