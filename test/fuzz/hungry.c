/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes all there is of one thing, gives it back, and takes it again:
 *
 *     hungry threads|pipes|sockets|tcp|file|names|areas|memory
 *
 * Each but the last ends with errors that the program gets to see, goes on, and prints `ok`: the
 * second round gets nearly as much as the first. Memory that is touched has no error to return: the
 * kernel ends the program and says why.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROUNDS = 2,
    LIMIT = 200000,
    STACK = 65536,
    CHUNK = 65536,
    PORT = 7000,
};

static char chunk[CHUNK];

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_t threads[LIMIT];

static void *wait_at_gate(void *arg)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return arg;
}

static long take_threads(int round)
{
    pthread_attr_t attributes;
    long count = 0;
    long i;

    (void)round;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_mutex_lock(&gate);
    while (count < LIMIT && pthread_create(&threads[count], &attributes, wait_at_gate, NULL) == 0)
        count++;
    pthread_mutex_unlock(&gate);
    for (i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return count;
}

static int fds[LIMIT];
static int fd_count;

/* Bytes that `fd` takes without waiting. */
static long fill(int fd)
{
    long total = 0;
    ssize_t len;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (len = write(fd, chunk, CHUNK); len > 0; len = write(fd, chunk, CHUNK))
        total += len;
    return total;
}

/* Pairs that `make` makes, all filled, until it makes no more or nothing goes into them. */
static long take_pairs(bool (*make)(int *pair))
{
    long total = 0;
    long filled = 1;

    fd_count = 0;
    while (filled > 0 && fd_count + 2 < LIMIT) {
        int *pair = &fds[fd_count];

        if (!make(pair))
            break;
        fd_count += 2;
        filled = fill(pair[1]);
        total += filled;
    }
    while (fd_count > 0)
        close(fds[--fd_count]);
    return total;
}

static bool make_pipe(int *pair)
{
    return pipe(pair) == 0;
}

static bool make_socketpair(int *pair)
{
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
}

static int listener;
static struct sockaddr_in address = {
    .sin_family = AF_INET,
};

static bool make_connection(int *pair)
{
    struct timeval patience = { .tv_sec = 2 };

    pair[1] = socket(AF_INET, SOCK_STREAM, 0);
    if (pair[1] < 0)
        return false;
    setsockopt(pair[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(pair[1], (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(pair[1]);
        return false;
    }
    pair[0] = accept(listener, NULL, NULL);
    if (pair[0] < 0)
        close(pair[1]);
    return pair[0] >= 0;
}

static long take_pipes(int round)
{
    (void)round;
    return take_pairs(make_pipe);
}

static long take_sockets(int round)
{
    (void)round;
    return take_pairs(make_socketpair);
}

static long take_tcp(int round)
{
    struct timeval patience = { .tv_sec = 2 };
    long total;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((in_port_t)(PORT + round));
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 8) < 0)
        return 0;
    total = take_pairs(make_connection);
    close(listener);
    usleep(200000); /* What was on its way is given up. */
    return total;
}

static long take_file(int round)
{
    int fd = open("/tmp/hungry", O_RDWR | O_CREAT | O_TRUNC, 0600);
    long total = fill(fd);

    (void)round;
    if (errno != ENOSPC)
        printf("a full file system says: %s\n", strerror(errno));
    close(fd);
    unlink("/tmp/hungry");
    return total;
}

static void name_of(long number, char *name, size_t size)
{
    snprintf(name, size, "/tmp/hungry-%ld", number);
}

static long take_names(int round)
{
    char name[64];
    long count = 0;
    int fd = 0;
    long i;

    (void)round;
    while (fd >= 0) {
        name_of(count, name, sizeof(name));
        fd = open(name, O_CREAT | O_RDWR, 0600);
        if (fd >= 0) {
            count++;
            close(fd);
        }
    }
    for (i = 0; i < count; i++) {
        name_of(i, name, sizeof(name));
        unlink(name);
    }
    return count;
}

static void *areas[LIMIT];

static long take_areas(int round)
{
    long count = 0;
    long i;

    (void)round;
    for (count = 0; count < LIMIT; count++) {
        areas[count] = mmap(NULL, CHUNK, count % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (areas[count] == MAP_FAILED)
            break;
    }
    for (i = 0; i < count; i++)
        munmap(areas[i], CHUNK);
    return count;
}

static long take_memory(int round)
{
    size_t size = (size_t)64 << 30;
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    size_t i;

    (void)round;
    if (at == MAP_FAILED)
        return 0;
    for (i = 0; i < size; i += 4096)
        at[i] = 1;
    printf("more memory than there is\n");
    return (long)size;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        long (*take)(int round);
    } things[] = {
        { "threads", take_threads }, { "pipes", take_pipes },   { "sockets", take_sockets },
        { "tcp", take_tcp },         { "file", take_file },     { "names", take_names },
        { "areas", take_areas },     { "memory", take_memory },
    };
    struct rlimit files = { LIMIT, LIMIT };
    long first = 0;
    size_t i;
    int round;

    setvbuf(stdout, NULL, _IOLBF, 0);
    setrlimit(RLIMIT_NOFILE, &files);
    for (i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
        if (argc != 2 || strcmp(argv[1], things[i].name) != 0)
            continue;
        for (round = 0; round < ROUNDS; round++) {
            long taken = things[i].take(round);

            printf("%s: %ld\n", things[i].name, taken);
            if (taken == 0 || taken < first / 10 * 9)
                return 1;
            first = taken;
        }
        printf("ok\n");
        return 0;
    }
    return 2;
}
