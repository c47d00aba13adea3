/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of many kinds for trace.py, which compares the kernel's trace of them with strace's.
 * So they give the same on both, and begin and end with a write that marks the place. With
 * "threads" two threads overlap instead, in an order that is sure.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    BAD_FD = 99,
};

static char buffer[256];
static const char missing[] = "/nonexistent/file";

static void on_signal(int signal)
{
    (void)signal;
}

static void mark(const char *text)
{
    (void)!write(1, text, strlen(text));
}

static void paths(void)
{
    struct stat file;
    int fd = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);

    (void)!open("/nonexistent/\"quoted\"\n\0011", O_RDWR | O_CREAT | O_EXCL | O_TRUNC | O_APPEND,
                0640);
    (void)!open(missing, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    (void)!stat("/dev/null", &file);
    (void)!lstat(missing, &file);
    (void)!fstatat(AT_FDCWD, missing, &file, AT_SYMLINK_NOFOLLOW);
    (void)!access(missing, R_OK | X_OK);
    (void)!faccessat(AT_FDCWD, "/dev/null", F_OK, 0);
    (void)!mkdir("/nonexistent/a", 0755);
    (void)!chmod(missing, 04755);
    (void)!mknod(missing, S_IFIFO | 0600, 0);
    (void)!mknod(missing, S_IFCHR | 0600, 0x501);
    (void)!rename(missing, "c");
    (void)!unlinkat(AT_FDCWD, missing, AT_REMOVEDIR);
    (void)!readlink("/dev", buffer, 10);
    (void)!chdir("/dev");
    (void)!getcwd(buffer, sizeof(buffer));
    (void)!syscall(SYS_getcwd, buffer, 1);
    (void)!umask(022);
    (void)!ftruncate(BAD_FD, 3);
    (void)!close(fd);
}

static void bytes(void)
{
    struct iovec pieces[2] = { { buffer, 5 }, { buffer + 5, 40 } };
    int ends[2];

    (void)!pipe2(ends, O_CLOEXEC | O_NONBLOCK);
    (void)!write(ends[1], "a\0b\377\1771\0012xyz", 11);
    (void)!read(ends[0], buffer, 4);
    (void)!readv(ends[0], pieces, 2);
    (void)!read(ends[0], buffer, 4);
    (void)!writev(BAD_FD, pieces, 2);
    (void)!pread(BAD_FD, buffer, 10, 20);
    (void)!lseek(BAD_FD, -1, SEEK_END);
    (void)!fcntl(ends[0], F_GETFL);
    (void)!fcntl(ends[0], F_SETFL, O_NONBLOCK);
    (void)!fcntl(ends[0], F_SETFD, 0);
    (void)!fcntl(ends[0], F_GETFD);
    (void)!ioctl(ends[0], FIONREAD, buffer);
    (void)!ioctl(ends[0], 0x12345678, buffer);
    (void)!close(ends[0]);
    (void)!close(ends[1]);
}

static void memory(void)
{
    char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)!mprotect(at, 4096, PROT_NONE);
    (void)!mprotect(at, 4096, PROT_READ | PROT_EXEC);
    (void)!madvise(at, 4096, MADV_DONTNEED);
    (void)!msync(at, 4096, MS_SYNC | MS_INVALIDATE);
    (void)!munmap(at, 8192);
    (void)!mmap(NULL, 4096, PROT_READ, MAP_SHARED, BAD_FD, 0x1000);
}

static void readiness(void)
{
    struct epoll_event events[8] = { { EPOLLIN | EPOLLET | EPOLLONESHOT, { .fd = 3 } } };
    struct itimerspec timer = { { 0, 0 }, { 1, 5 } };
    struct pollfd polled[2];
    struct timeval second = { 0, 10 };
    fd_set set;
    int ends[2];
    int epoll;

    (void)!pipe(ends);
    (void)!write(ends[1], "x", 1);
    polled[0] = (struct pollfd){ ends[0], POLLIN | POLLPRI, 0 };
    polled[1] = (struct pollfd){ -1, 0, 0 };
    (void)!poll(polled, 2, 100);
    polled[0].events = 0;
    (void)!poll(polled, 2, 0);
    FD_ZERO(&set);
    FD_SET(ends[1] + 1, &set);
    FD_CLR(ends[1] + 1, &set);
    (void)!select(0, NULL, NULL, NULL, &second);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    (void)!epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], events);
    (void)!epoll_wait(epoll, events, 8, 0);
    (void)!epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL);
    (void)!epoll_wait(epoll, events, 8, 0);
    (void)!eventfd(3, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)!timerfd_settime(BAD_FD, TFD_TIMER_ABSTIME, &timer, NULL);
}

static void signals(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigset_t set;
    sigset_t old;

    sigaddset(&action.sa_mask, SIGTERM);
    sigaddset(&action.sa_mask, SIGRTMIN + 3);
    (void)!sigaction(SIGUSR1, &action, NULL);
    sigfillset(&set);
    (void)!sigprocmask(SIG_BLOCK, &set, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    (void)!sigprocmask(SIG_SETMASK, &set, &old);
    (void)!kill(getpid(), SIGUSR1);
    (void)!nanosleep(&(struct timespec){ 0, 1000 }, NULL);
    (void)!sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
}

static void sockets(void)
{
    struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr_in6 name6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
    struct sockaddr_un path = { AF_UNIX, "/nonexistent/socket" };
    struct linger linger = { 1, 2 };
    struct msghdr header = { .msg_iovlen = 1 };
    struct iovec piece = { buffer, sizeof(buffer) };
    socklen_t room = sizeof(int) * 4;
    int one = 1;
    int pair[2];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)!setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    (void)!getsockopt(fd, SOL_SOCKET, SO_ERROR, &one, &room);
    (void)!bind(fd, (struct sockaddr *)&name, sizeof(name));
    (void)!listen(fd, 5);
    (void)!accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    room = 128;
    (void)!accept4(fd, (struct sockaddr *)&name, &room, 0);
    inet_pton(AF_INET6, "fe80::1:0:0:2", &name6.sin6_addr);
    (void)!connect(BAD_FD, (struct sockaddr *)&name6, sizeof(name6));
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    (void)!connect(fd, (struct sockaddr *)&path, sizeof(path));
    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    (void)!send(pair[0], "hello", 5, MSG_NOSIGNAL);
    (void)!recv(pair[1], buffer, 256, MSG_DONTWAIT | MSG_PEEK);
    header.msg_iov = &piece;
    (void)!recvmsg(pair[1], &header, 0);
    (void)!shutdown(pair[0], SHUT_WR);
}

static void others(void)
{
    static uint32_t word;

    (void)!syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
    (void)!syscall(SYS_futex, &word, FUTEX_WAIT, 1, NULL);
    (void)!syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0,
                   &(struct timespec){ 0, 1 }, NULL, FUTEX_BITSET_MATCH_ANY);
    (void)!prctl(PR_SET_NAME, "name");
    (void)!setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    (void)!syscall(SYS_clock_gettime, 77, buffer);
    (void)!syscall(SYS_clock_gettime, CLOCK_MONOTONIC, NULL);
    (void)!sched_yield();
    (void)!syscall(500, 1, 2, 3, 4, 5, 6L);
    (void)!write(1, "01234567890123456789012345678901234567890\n", 42);
}

static int ends[2];

static void *reader(void *arg)
{
    (void)!read(ends[0], buffer, 1);
    return arg;
}

static int threads(void)
{
    pthread_t thread;

    (void)!pipe(ends);
    if (pthread_create(&thread, NULL, reader, NULL) != 0)
        return 1;
    (void)!nanosleep(&(struct timespec){ 0, 300000000 }, NULL);
    (void)!write(ends[1], "x", 1);
    pthread_join(thread, NULL);
    return 3;
}

int main(int count, char **args)
{
    int *volatile nowhere = (int *)(uintptr_t)0x10;

    if (count > 1 && strcmp(args[1], "threads") == 0)
        return threads();
    mark("begin\n");
    paths();
    bytes();
    memory();
    readiness();
    signals();
    sockets();
    others();
    mark("end\n");
    *nowhere = 1;
    return 0;
}
