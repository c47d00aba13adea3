/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's end of the tests of its network: wire COMMAND, on TCP port 8080. `farewell SIZE`
 * answers the first connection with that many bytes of a pattern and exits at once; `serve` does,
 * for each connection, what its first line says, until it is told `exit`:
 *
 *     get SIZE     sends so many bytes of the pattern
 *     put SIZE     reads so many, compares them and answers `good` or `bad`
 *     read PATH    sends a file
 *     exit         ends
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PORT = 8080,
    PATTERN_PERIOD = 65521, /* A prime: no packet, page or buffer size divides it. */
};

static uint8_t block[PATTERN_PERIOD * 4];
static uint8_t scratch[PATTERN_PERIOD * 4];

static void pattern_fill(void)
{
    uint32_t value = 1;

    for (size_t i = 0; i < PATTERN_PERIOD; i++) {
        value = value * 1103515245 + 12345;
        block[i] = (uint8_t)(value >> 16);
    }
    for (size_t i = PATTERN_PERIOD; i < sizeof(block); i++)
        block[i] = block[i - PATTERN_PERIOD];
}

static int write_all(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len > 0) {
        ssize_t done = write(fd, at, len);

        if (done <= 0)
            return -1;
        at += done;
        len -= (size_t)done;
    }
    return 0;
}

static int send_pattern(int fd, size_t size)
{
    while (size > 0) {
        size_t len = size < sizeof(block) ? size : sizeof(block);

        if (write_all(fd, block, len) < 0)
            return -1;
        size -= len;
    }
    return 0;
}

static void check_pattern(int fd, size_t size)
{
    size_t done = 0;
    int good = 1;

    while (done < size) {
        size_t off = done % PATTERN_PERIOD;
        size_t want = size - done < PATTERN_PERIOD ? size - done : PATTERN_PERIOD;
        ssize_t len = read(fd, scratch, want);

        if (len <= 0)
            return;
        if (memcmp(scratch, block + off, (size_t)len) != 0)
            good = 0;
        done += (size_t)len;
    }
    (void)write_all(fd, good ? "good\n" : "bad\n", good ? 5 : 4);
}

static void send_file(int fd, const char *path)
{
    int file = open(path, O_RDONLY);
    ssize_t len;

    if (file < 0)
        return;
    while ((len = read(file, scratch, sizeof(scratch))) > 0 &&
           write_all(fd, scratch, (size_t)len) == 0)
        continue;
    close(file);
}

/* Reads the first line, byte by byte: what follows is data. */
static int read_line(int fd, char *line, size_t size)
{
    size_t len = 0;

    while (len + 1 < size && read(fd, line + len, 1) == 1) {
        if (line[len] == '\n') {
            line[len] = '\0';
            return 0;
        }
        len++;
    }
    return -1;
}

/* False to end. */
static int serve_one(int fd)
{
    char line[256];

    if (read_line(fd, line, sizeof(line)) < 0)
        return 1;
    if (strncmp(line, "get ", 4) == 0) {
        (void)send_pattern(fd, strtoul(line + 4, NULL, 10));
    } else if (strncmp(line, "put ", 4) == 0) {
        check_pattern(fd, strtoul(line + 4, NULL, 10));
    } else if (strncmp(line, "read ", 5) == 0) {
        send_file(fd, line + 5);
    }
    return strcmp(line, "exit") != 0;
}

static int listen_on_port(void)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 16) < 0) {
        perror("wire");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    int listener = listen_on_port();
    int more = 1;

    signal(SIGPIPE, SIG_IGN);
    pattern_fill();
    if (argc > 2 && strcmp(argv[1], "farewell") == 0) {
        int fd = accept(listener, NULL, NULL);

        if (send_pattern(fd, strtoul(argv[2], NULL, 10)) < 0)
            return 1;
        close(fd);
        return 0;
    }
    while (more) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            return 1;
        more = serve_one(fd);
        close(fd);
    }
    return 0;
}
