/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What connections and threads cost a kernel: memory CONNECTIONS THREADS. Opens connections to
 * itself over loopback, starts threads that sleep, and prints by how much /proc/meminfo's free
 * memory went down, in bytes for one of each:
 *
 *     memory idle BYTES                 in use before anything was opened
 *     memory connection BYTES NUMBER    for one connection; both of its ends are here: half of it;
 *                                       a line at 100, at 1,000, ... and at the last one
 *     memory thread BYTES NUMBER        for one thread, without the stack it touched itself
 *     memory-end
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 128,
    STACK_SIZE = 16 << 10, /* The least; its first page is touched. */
    TOUCHED = 4096,
    SPARE_FDS = 64,
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* A line of /proc/meminfo, in bytes. */
static long meminfo(const char *name)
{
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    long kib = -1;

    if (!file)
        fail("/proc/meminfo");
    while (kib < 0 && fgets(line, sizeof(line), file)) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    }
    fclose(file);
    return kib * 1024;
}

static void connections_measure(long count)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    long told = 100;
    long before;

    if (bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, BACKLOG) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0)
        fail("listen");
    before = meminfo("MemFree:");
    for (long i = 1; i <= count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *)&address, len) < 0 ||
            accept(listener, NULL, NULL) < 0)
            fail("connect");
        if (i == told || i == count) {
            printf("memory connection %ld %ld\n", (before - meminfo("MemFree:")) / i / 2, i);
            told *= 10;
        }
    }
}

static void *thread_main(void *context)
{
    for (;;)
        pause();
    return context;
}

static void threads_measure(long count)
{
    pthread_attr_t attr;
    long before;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    before = meminfo("MemFree:");
    for (long i = 0; i < count; i++) {
        pthread_t thread;

        if (pthread_create(&thread, &attr, thread_main, NULL) != 0)
            fail("pthread_create");
    }
    usleep(200000); /* Until all of them sleep. */
    printf("memory thread %ld %ld\n", (before - meminfo("MemFree:")) / count - TOUCHED, count);
}

int main(int argc, char **argv)
{
    long connections = argc > 1 ? strtol(argv[1], NULL, 10) : 100;
    long threads = argc > 2 ? strtol(argv[2], NULL, 10) : 100;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("getrlimit");
    limit.rlim_cur = (rlim_t)(2 * connections + SPARE_FDS);
    if (limit.rlim_max < limit.rlim_cur)
        limit.rlim_max = limit.rlim_cur;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("setrlimit");
    printf("memory idle %ld\n", meminfo("MemTotal:") - meminfo("MemFree:"));
    connections_measure(connections);
    threads_measure(threads);
    printf("memory-end\n");
    fflush(stdout);
    for (;;) /* Ends with its machine. */
        pause();
}
