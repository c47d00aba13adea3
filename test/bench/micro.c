/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small loads, one after the other, each a loop around one operation between two marks that the
 * counting plugin records (plugin/count.c). An ordinary Linux program: the same binary runs on
 * every kernel that is compared. What each mark stands for is printed:
 *
 *     micro LABEL NAME OPERATIONS
 *
 * LABEL is the mark before the loop, LABEL + 1 the one behind it; 255 is the start of main(). A
 * load that cannot run says `micro-skip NAME ERRNO` and is left out. The last line is `micro-end`.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    CALLS = 20000, /* Of what takes hundreds of instructions. */
    SWITCHES = 5000,
    FAULTS = 4096,
    SETUPS = 1000, /* Of what takes tens of thousands. */
    WATCHED_MAX = 10000,
    FILE_SIZE = 1 << 20,
    SENDFILES = 20,
    THREAD_STACK = 64 << 10,
    LABEL_MAIN = 255, /* Where the program starts. */
};

/*
 * A mark: the displacement of a multi-byte nop, which the plugin finds when the code is translated.
 * There has to be one instruction for each label, so the labels are written out.
 */
#define MARK(label) __asm__ volatile("nopl 0x534c0000 + %c0(%%rax)" ::"i"(label) : "memory")

struct load {
    const char *name;
    int (*prepare)(void); /* Returns 0, or -1 with errno set. May be NULL. */
    void (*run)(long count);
    void (*finish)(void);
    long count;
};

static int fds[2] = { -1, -1 };
static int epoll_fd = -1;
static int watched[WATCHED_MAX];
static int watched_count;
static int listener = -1;
static int file_fd = -1;
static pthread_t peer;
static atomic_int turn;
static volatile uint64_t sink;

static void getpid_run(long count)
{
    while (count-- > 0)
        sink += (uint64_t)syscall(SYS_getpid);
}

static void clock_run(long count)
{
    struct timespec now;

    while (count-- > 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        sink += (uint64_t)now.tv_nsec;
    }
}

static void fds_close(void)
{
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

static int null_open(void)
{
    fds[0] = open("/dev/null", O_RDWR);
    return fds[0] < 0 ? -1 : 0;
}

static void null_read(long count)
{
    char byte;

    while (count-- > 0)
        sink += (uint64_t)read(fds[0], &byte, 1);
}

static void null_write(long count)
{
    while (count-- > 0)
        sink += (uint64_t)write(fds[0], "x", 1);
}

static int pipe_open(void)
{
    return pipe(fds);
}

static void pipe_run(long count)
{
    char byte;

    while (count-- > 0) {
        if (write(fds[1], "x", 1) != 1 || read(fds[0], &byte, 1) != 1)
            abort();
    }
}

/* Two threads that wake each other in turn. */
static void turn_wait(int mine)
{
    int now;

    while ((now = atomic_load_explicit(&turn, memory_order_acquire)) != mine)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static void turn_give(int other)
{
    atomic_store_explicit(&turn, other, memory_order_release);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *futex_peer(void *context)
{
    long count = (long)(intptr_t)context;

    while (count-- > 0) {
        turn_wait(1);
        turn_give(0);
    }
    return NULL;
}

static void futex_run(long count)
{
    atomic_store_explicit(&turn, 0, memory_order_relaxed);
    if (pthread_create(&peer, NULL, futex_peer, (void *)(intptr_t)count) != 0)
        abort();
    while (count-- > 0) {
        turn_give(1);
        turn_wait(0);
    }
    pthread_join(peer, NULL);
}

static void watched_close(void)
{
    for (int i = 0; i < watched_count; i++)
        close(watched[i]);
    watched_count = 0;
    if (epoll_fd >= 0)
        close(epoll_fd);
    epoll_fd = -1;
}

static int watched_open(int count)
{
    struct rlimit limit = { .rlim_cur = (rlim_t)count + 64, .rlim_max = (rlim_t)count + 64 };
    struct rlimit now;

    if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur < limit.rlim_cur) {
        if (now.rlim_max > limit.rlim_max)
            limit.rlim_max = now.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            return -1;
    }
    epoll_fd = epoll_create1(0);
    for (int i = 0; i < count && epoll_fd >= 0; i++) {
        struct epoll_event event = { .events = EPOLLIN };
        int fd = eventfd(i == count / 2 ? 1 : 0, 0);

        if (fd < 0)
            return -1;
        watched[watched_count++] = fd;
        event.data.fd = fd;
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
            return -1;
    }
    return epoll_fd < 0 ? -1 : 0;
}

static int watched_10(void)
{
    return watched_open(10);
}

static int watched_100(void)
{
    return watched_open(100);
}

static int watched_1000(void)
{
    return watched_open(1000);
}

static int watched_max(void)
{
    return watched_open(WATCHED_MAX);
}

static void epoll_run(long count)
{
    struct epoll_event events[8];

    while (count-- > 0) {
        if (epoll_wait(epoll_fd, events, 8, -1) != 1)
            abort();
    }
}

static void fault_run(long count)
{
    size_t size = (size_t)count * PAGE;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    (void)madvise(memory, size, MADV_NOHUGEPAGE);
    for (long i = 0; i < count; i++)
        memory[i * PAGE] = 1;
    munmap(memory, size);
}

static void mmap_run(long count)
{
    while (count-- > 0) {
        void *memory =
            mmap(NULL, 16ul * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
            abort();
        munmap(memory, 16ul * PAGE);
    }
}

static void *thread_main(void *context)
{
    return context;
}

static void thread_run(long count)
{
    pthread_attr_t attr;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    while (count-- > 0) {
        pthread_t thread;

        if (pthread_create(&thread, &attr, thread_main, NULL) != 0)
            abort();
        pthread_join(thread, NULL);
    }
    pthread_attr_destroy(&attr);
}

static void open_run(long count)
{
    while (count-- > 0) {
        int fd = open("/etc/passwd", O_RDONLY);

        if (fd < 0)
            abort();
        close(fd);
    }
}

static int socket_bound(int type, struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, type, 0);

    *address =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    if (fd < 0 || bind(fd, (struct sockaddr *)address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) < 0)
        return -1;
    return fd;
}

static int udp_open(void)
{
    struct sockaddr_in a;
    struct sockaddr_in b;

    fds[0] = socket_bound(SOCK_DGRAM, &a);
    fds[1] = socket_bound(SOCK_DGRAM, &b);
    if (fds[0] < 0 || fds[1] < 0)
        return -1;
    if (connect(fds[0], (struct sockaddr *)&b, sizeof(b)) < 0)
        return -1;
    return connect(fds[1], (struct sockaddr *)&a, sizeof(a));
}

/* There and back, by one thread: what the stack does, without the scheduler. */
static void echo_run(long count)
{
    char byte = 'x';

    while (count-- > 0) {
        if (send(fds[0], &byte, 1, 0) != 1 || recv(fds[1], &byte, 1, 0) != 1 ||
            send(fds[1], &byte, 1, 0) != 1 || recv(fds[0], &byte, 1, 0) != 1)
            abort();
    }
}

static struct sockaddr_in listener_address;

static int listener_open(void)
{
    listener = socket_bound(SOCK_STREAM, &listener_address);
    return listener < 0 ? -1 : listen(listener, 16);
}

static void listener_close(void)
{
    if (listener >= 0)
        close(listener);
    listener = -1;
    fds_close();
}

static int pair_connect(void)
{
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (fds[0] < 0 ||
        connect(fds[0], (struct sockaddr *)&listener_address, sizeof(listener_address)) < 0)
        return -1;
    fds[1] = accept(listener, NULL, NULL);
    return fds[1] < 0 ? -1 : 0;
}

static int tcp_open(void)
{
    int yes = 1;

    if (listener_open() < 0 || pair_connect() < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        if (setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) < 0)
            return -1;
    }
    return 0;
}

static void connect_run(long count)
{
    while (count-- > 0) {
        if (pair_connect() < 0)
            abort();
        fds_close();
    }
}

static void *drain_main(void *context)
{
    static char buffer[FILE_SIZE / 4];

    while (read(fds[1], buffer, sizeof(buffer)) > 0)
        ;
    return context;
}

static int sendfile_open(void)
{
    static char block[PAGE];

    file_fd = open("/tmp/bench-sendfile", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file_fd < 0)
        return -1;
    for (int i = 0; i < FILE_SIZE / PAGE; i++) {
        if (write(file_fd, block, sizeof(block)) != (ssize_t)sizeof(block))
            return -1;
    }
    if (tcp_open() < 0)
        return -1;
    return pthread_create(&peer, NULL, drain_main, NULL) == 0 ? 0 : -1;
}

static void sendfile_run(long count)
{
    while (count-- > 0) {
        off_t off = 0;

        while (off < FILE_SIZE) {
            if (sendfile(fds[0], file_fd, &off, (size_t)(FILE_SIZE - off)) <= 0)
                abort();
        }
    }
}

static void sendfile_close(void)
{
    shutdown(fds[0], SHUT_WR);
    pthread_join(peer, NULL);
    close(file_fd);
    unlink("/tmp/bench-sendfile");
    listener_close();
}

static const struct load loads[] = {
    { "getpid", NULL, getpid_run, NULL, CALLS },
    { "clock_gettime", NULL, clock_run, NULL, CALLS },
    { "read_null", null_open, null_read, fds_close, CALLS },
    { "write_null", null_open, null_write, fds_close, CALLS },
    { "pipe_write_read", pipe_open, pipe_run, fds_close, CALLS },
    { "futex_wake_wait", NULL, futex_run, NULL, SWITCHES },
    { "epoll_1_of_10", watched_10, epoll_run, watched_close, CALLS },
    { "epoll_1_of_100", watched_100, epoll_run, watched_close, CALLS },
    { "epoll_1_of_1000", watched_1000, epoll_run, watched_close, CALLS },
    { "epoll_1_of_10000", watched_max, epoll_run, watched_close, CALLS },
    { "page_fault", NULL, fault_run, NULL, FAULTS },
    { "mmap_munmap", NULL, mmap_run, NULL, CALLS },
    { "thread_create_join", NULL, thread_run, NULL, SETUPS },
    { "open_close", NULL, open_run, NULL, CALLS },
    { "udp_echo", udp_open, echo_run, fds_close, SWITCHES },
    { "tcp_connect_accept_close", listener_open, connect_run, listener_close, SETUPS },
    { "tcp_round_trip", tcp_open, echo_run, listener_close, SWITCHES },
    { "sendfile_1m", sendfile_open, sendfile_run, sendfile_close, SENDFILES },
};

enum {
    LOAD_COUNT = sizeof(loads) / sizeof(loads[0]),
};

/* A mark for each label that occurs. */
static void mark(int label)
{
    switch (label) {
#define CASE(n)  \
    case n:      \
        MARK(n); \
        break;
#define CASES(n) CASE(n) CASE((n) + 1) CASE((n) + 2) CASE((n) + 3)
        CASES(0)
        CASES(4)
        CASES(8) CASES(12) CASES(16) CASES(20) CASES(24) CASES(28) CASES(32) default : abort();
    }
}

static void load_run(int index)
{
    const struct load *load = &loads[index];

    if (load->prepare && load->prepare() < 0) {
        printf("micro-skip %s %d\n", load->name, errno);
    } else {
        load->run(load->count / 10); /* So that memory and tables are there. */
        printf("micro %d %s %ld\n", 2 * index, load->name, load->count);
        fflush(stdout);
        mark(2 * index);
        load->run(load->count);
        mark(2 * index + 1);
    }
    if (load->finish)
        load->finish();
}

int main(void)
{
    _Static_assert(2 * LOAD_COUNT <= 36, "a mark for each");

    MARK(LABEL_MAIN);
    for (int i = 0; i < LOAD_COUNT; i++)
        load_run(i);
    printf("micro-end\n");
    fflush(stdout);
    for (;;) /* Ends with its machine. */
        pause();
}
