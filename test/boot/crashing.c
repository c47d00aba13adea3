/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on port 8080 that does what a line of its client says: for restart.py.
 *
 *     where     tells where its code, heap, stack and libraries lie, and how much memory is free
 *     crash     writes to where nothing is, at once
 *     busy      the same in a thread on the last CPU, while another is in the kernel without end
 *     exit N    ends with that status
 */
#include <linux/sysinfo.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
    PORT = 8080,
};

static unsigned long free_at_start;

static void crash(void)
{
    static int *volatile bad = (int *)16;

    *bad = 1;
}

static void *crash_there(void *arg)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
    crash();
    return arg;
}

static void *spin(void *arg)
{
    for (;;)
        (void)getppid();
    return arg;
}

static void crash_busy(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, spin, NULL) != 0 ||
        pthread_create(&thread, NULL, crash_there, NULL) != 0)
        exit(2);
    pause();
}

static void tell(int fd)
{
    char line[160];
    int on_stack = 0;
    void *on_heap = malloc(16);

    snprintf(line, sizeof(line), "%p %p %p %p %lu\n", (void *)&free_at_start, (void *)&on_stack,
             on_heap, (void *)&stdout, free_at_start);
    free(on_heap);
    if (write(fd, line, strlen(line)) < 0)
        exit(2);
}

static void obey(int fd)
{
    char line[64];
    ssize_t len = read(fd, line, sizeof(line) - 1);

    line[len > 0 ? len : 0] = '\0';
    if (strncmp(line, "where", 5) == 0) {
        tell(fd);
    } else if (strncmp(line, "crash", 5) == 0) {
        crash();
    } else if (strncmp(line, "busy", 4) == 0) {
        crash_busy();
    } else if (strncmp(line, "exit ", 5) == 0) {
        exit((int)strtol(line + 5, NULL, 10));
    }
}

int main(void)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sysinfo info = { .freeram = 0 };

    (void)sysinfo(&info);
    free_at_start = info.freeram / 1024 * info.mem_unit;
    if (bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(listener, 8) < 0) {
        perror("listen");
        return 2;
    }
    printf("serving\n");
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0) {
            obey(fd);
            close(fd);
        }
    }
}
