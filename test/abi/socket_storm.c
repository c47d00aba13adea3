/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four threads do anything at all to the same few sockets, from a seed that is printed: what each
 * call returns does not matter. Afterwards everything still works, and nothing is left.
 */
#include "test/abi/abi_net.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/un.h>

enum {
    THREADS = 4,
    SLOTS = 16,
    STEPS = 6000,
    NAMES = 6,
    PORT_FIRST = 9100,
};

struct chance {
    uint64_t state;
};

static _Atomic int slots[SLOTS];
static int epoll_fd;
static int file;
static int null_fd;
static char bytes[20000];

static uint32_t below(struct chance *chance, uint32_t limit)
{
    chance->state = chance->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(chance->state >> 33) % limit;
}

/* A descriptor of somebody's, perhaps closed this moment. */
static int some(struct chance *chance)
{
    return slots[below(chance, SLOTS)];
}

static void put(struct chance *chance, int fd)
{
    int before;

    if (fd < 0)
        return;
    before = atomic_exchange(&slots[below(chance, SLOTS)], fd);
    if (before >= 0)
        close(before);
}

/* ---- Steps. ---- */

static socklen_t some_name(struct chance *chance, struct sockaddr_storage *name)
{
    struct sockaddr_in *in = (struct sockaddr_in *)name;
    struct sockaddr_un *un = (struct sockaddr_un *)name;
    uint32_t number = below(chance, NAMES);
    bool is_abstract;

    memset(name, 0, sizeof(*name));
    switch (below(chance, 8)) {
    case 0:
        in->sin_family = AF_UNSPEC;
        return sizeof(*in);
    case 1:
    case 2:
    case 3:
        *in = net_local(htons((in_port_t)(PORT_FIRST + number)));
        return sizeof(*in);
    default:
        un->sun_family = AF_UNIX;
        is_abstract = number % 2 != 0;
        snprintf(un->sun_path + is_abstract, 20, "storm-%u", (unsigned)number);
        return (socklen_t)(sizeof(un->sun_family) + strlen(un->sun_path + is_abstract) + 1);
    }
}

static void make_step(struct chance *chance)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
    int type = types[below(chance, 3)] | SOCK_NONBLOCK;
    int pair[2];

    switch (below(chance, 5)) {
    case 0:
        put(chance, socket(AF_UNIX, type, 0));
        return;
    case 1:
    case 2:
        put(chance, socket(AF_INET, type, 0));
        return;
    case 3:
        put(chance, socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0));
        return;
    default:
        if (socketpair(AF_UNIX, type, 0, pair) == 0) {
            put(chance, pair[0]);
            put(chance, pair[1]);
        }
        return;
    }
}

static void name_step(struct chance *chance)
{
    struct sockaddr_storage name;
    socklen_t len = some_name(chance, &name);
    int fd = some(chance);

    switch (below(chance, 6)) {
    case 0:
        (void)bind(fd, (struct sockaddr *)&name, len);
        unlink("storm-0");
        return;
    case 1:
        (void)bind(fd, (struct sockaddr *)&name, len);
        listen(fd, (int)below(chance, 3));
        return;
    case 2:
        listen(fd, 1);
        return;
    case 3:
        shutdown(fd, (int)below(chance, 3));
        return;
    default:
        (void)connect(fd, (struct sockaddr *)&name, len);
        return;
    }
}

/* Never a socket: one in its own queue would rightly stay. */
static void send_files(struct chance *chance)
{
    char control[CMSG_SPACE(sizeof(int))] = "";
    struct iovec piece = { bytes, 1 + below(chance, 100) };
    struct msghdr message = { .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof(control) };
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);

    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(item), &null_fd, sizeof(int));
    sendmsg(some(chance), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void receive_files(struct chance *chance)
{
    char control[CMSG_SPACE(2 * sizeof(int))];
    char got[200];
    struct iovec piece = { got, sizeof(got) };
    struct sockaddr_storage name;
    struct msghdr message = { .msg_name = &name,
                              .msg_namelen = sizeof(name),
                              .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof(control) };
    int flags = below(chance, 4) == 0 ? MSG_PEEK : 0;
    struct cmsghdr *item;
    int fd;

    if (recvmsg(some(chance), &message, MSG_DONTWAIT | flags) < 0)
        return;
    item = CMSG_FIRSTHDR(&message);
    if (!item || item->cmsg_type != SCM_RIGHTS)
        return;
    memcpy(&fd, CMSG_DATA(item), sizeof(fd));
    close(fd);
}

static void move_step(struct chance *chance)
{
    struct sockaddr_storage name;
    socklen_t len = some_name(chance, &name);
    size_t size = below(chance, 3) == 0 ? sizeof(bytes) : below(chance, 200);
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (below(chance, 4) == 0 ? MSG_MORE : 0);
    static _Thread_local char got[20000];
    off_t off = 0;

    switch (below(chance, 7)) {
    case 0:
        send(some(chance), bytes, size, flags);
        return;
    case 1:
        sendto(some(chance), bytes, size, flags, (struct sockaddr *)&name, len);
        return;
    case 2:
        send_files(chance);
        return;
    case 3:
        receive_files(chance);
        return;
    case 4:
        sendfile(some(chance), file, &off, size);
        return;
    default:
        recv(some(chance), got, size, MSG_DONTWAIT);
        return;
    }
}

static void look_step(struct chance *chance)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
    struct epoll_event seen[8];
    struct pollfd items[4];
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);
    int number;

    switch (below(chance, 6)) {
    case 0:
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, some(chance), &event);
        return;
    case 1:
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, some(chance), &event);
        return;
    case 2:
        epoll_wait(epoll_fd, seen, 8, 0);
        return;
    case 3:
        for (number = 0; number < 4; number++)
            items[number] = (struct pollfd){ some(chance), POLLIN | POLLOUT, 0 };
        poll(items, 4, (int)below(chance, 2));
        return;
    case 4:
        getpeername(some(chance), (struct sockaddr *)&name, &len);
        ioctl(some(chance), FIONREAD, &number);
        return;
    default:
        net_set(some(chance), SOL_SOCKET, (int)below(chance, 20), (int)below(chance, 5));
        net_set(some(chance), IPPROTO_TCP, 1 + (int)below(chance, 12), (int)below(chance, 5));
        return;
    }
}

static void *run(void *arg)
{
    struct chance *chance = arg;
    int step;

    for (step = 0; step < STEPS; step++) {
        switch (below(chance, 8)) {
        case 0:
            make_step(chance);
            break;
        case 1:
        case 2:
            name_step(chance);
            break;
        case 3:
            put(chance, accept4(some(chance), NULL, NULL, SOCK_NONBLOCK));
            break;
        case 4:
            look_step(chance);
            break;
        default:
            move_step(chance);
            break;
        }
    }
    return NULL;
}

/* ---- Before and after. ---- */

static long sockets_used(void)
{
    char text[1000] = "";
    const char *at;

    EXPECT(abi_slurp("/proc/net/sockstat", text, sizeof(text)) > 0);
    at = strstr(text, "used ");
    EXPECT(at);
    return at ? strtol(at + 5, NULL, 10) : -1;
}

static void works_still(void)
{
    char got[4] = "";
    int pair[2];

    net_pair(pair);
    EXPECT_EQ(write(pair[0], "tcp", 3), 3);
    EXPECT_EQ(read(pair[1], got, 3), 3);
    EXPECT(memcmp(got, "tcp", 3) == 0);
    close(pair[0]);
    close(pair[1]);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    EXPECT_EQ(write(pair[0], "un", 2), 2);
    EXPECT_EQ(read(pair[1], got, 2), 2);
    close(pair[0]);
    close(pair[1]);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)abi_now();
    struct chance chances[THREADS];
    pthread_t threads[THREADS];
    long before;
    int i;

    abi_dir();
    signal(SIGPIPE, SIG_IGN); /* Of sendfile(). */
    printf("seed %llu\n", (unsigned long long)seed);
    before = sockets_used();
    abi_put("file", "What sendfile() sends.");
    file = open("file", O_RDONLY);
    null_fd = open("/dev/null", O_RDWR);
    epoll_fd = epoll_create1(0);
    EXPECT(file >= 0 && null_fd >= 0 && epoll_fd >= 0);
    for (i = 0; i < SLOTS; i++)
        slots[i] = -1;
    for (i = 0; i < THREADS; i++) {
        chances[i].state = seed + (uint64_t)i * 7919;
        EXPECT_EQ(pthread_create(&threads[i], NULL, run, &chances[i]), 0);
    }
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_join(threads[i], NULL), 0);
    for (i = 0; i < SLOTS; i++) {
        if (slots[i] >= 0)
            close(slots[i]);
    }
    works_still();
    if (abi_is_soliton())
        EXPECT_EQ(sockets_used(), before); /* On Linux those of others count, too. */
    return abi_done();
}
