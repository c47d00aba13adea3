/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets as programs use them: the system calls over the real table of descriptors, the real
 * sockets and the real stack with its loopback. What goes on while a call sleeps is the clock.
 */
#include "kernel/sys/socket_test.h"
#include "abi/linux/errors.h"
#include "abi/linux/netlink.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "abi/linux/socket.h"
#include "kernel/core/clock.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/mm/iter.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/socket/socket.h"
#include "kernel/socket/unix_internal.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/file_io.h"
#include "kernel/task/signal.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_paths.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    BIG = 3 << 20,
};

int signals_sent;

void signal_send_self(int signal)
{
    CHECK_EQ(signal, SIGPIPE);
    signals_sent++;
}

int user_pieces_init(struct user_pieces *self, uaddr_t array, u64 count)
{
    const struct iovec_user *given = (const struct iovec_user *)array;
    u64 total = 0;

    for (u64 i = 0; i < count; i++)
        total += given[i].len;
    iter_init_pieces(&self->iter, given, (u32)count, total);
    self->iter.is_user = true;
    return 0;
}

void user_pieces_fini(struct user_pieces *self)
{
    (void)self;
}

static void let_time_pass(u64 deadline_ns)
{
    u64 next_ns = fake_next_deadline();

    if (fake_run_bottom_halves() > 0)
        return;
    if (next_ns > deadline_ns)
        next_ns = deadline_ns;
    CHECK(next_ns != DEADLINE_NONE); /* Else the call would sleep for ever. */
    fake_clock_advance(next_ns > fake_now_ns ? next_ns - fake_now_ns : 1);
}

void sockets_start(void)
{
    static bool is_ready;

    if (!is_ready) {
        net_init();
        sockets_init();
        fdtable_init(current_fdtable());
    }
    is_ready = true;
    fake_sleep_hook = let_time_pass;
}

u32 events_of(int fd)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    u32 events = file_poll(file);

    file_put(file);
    return events;
}

void close_fd(int fd)
{
    struct file *file;

    CHECK_EQ(fdtable_replace(current_fdtable(), fd, NULL, false, &file), 0);
    CHECK(file != NULL);
    file_put(file);
}

long send_text(int fd, const char *text)
{
    return sys_sendto(fd, at(text), strlen(text), 0, 0, 0);
}

void expect_text(int fd, const char *text)
{
    char got[256] = "";

    CHECK_EQ(sys_recvfrom(fd, at(got), sizeof(got) - 1, MSG_DONTWAIT, 0, 0), strlen(text));
    CHECK(strcmp(got, text) == 0);
}

void check_nothing_left(void)
{
    fake_clock_advance(300 * NS_PER_SECOND);
    CHECK_EQ(socket_count(), 0);
    CHECK_EQ(udp_count(), 0);
    CHECK_EQ(tcp_count(), 0);
    CHECK_EQ(unix_files_in_flight(), 0);
    CHECK_EQ(netbuf_count(), 0);
    CHECK_EQ(file_count(), 0);
    CHECK_EQ(fake_path_refs, 0);
}

TEST(socket, refuses_what_linux_refuses)
{
    static const struct {
        int domain, type, protocol, error;
    } cases[] = {
        { AF_INET6, SOCK_STREAM, 0, -EAFNOSUPPORT },
        { AF_PACKET, SOCK_RAW, 0, -EAFNOSUPPORT },
        { 99, SOCK_STREAM, 0, -EAFNOSUPPORT },
        { -1, SOCK_STREAM, 0, -EAFNOSUPPORT },
        { AF_INET, 15, 0, -EINVAL },
        { AF_INET, SOCK_STREAM, IPPROTO_UDP, -EPROTONOSUPPORT },
        { AF_INET, SOCK_DGRAM, IPPROTO_TCP, -EPROTONOSUPPORT },
        { AF_INET, SOCK_SEQPACKET, 0, -ESOCKTNOSUPPORT },
        { AF_INET, SOCK_STREAM | 0x10000, 0, -EINVAL },
        { AF_UNIX, SOCK_RDM, 0, -ESOCKTNOSUPPORT },
        { AF_UNIX, SOCK_STREAM, 7, -EPROTONOSUPPORT },
        { AF_NETLINK, SOCK_RAW, 5, -EPROTONOSUPPORT },
        { AF_NETLINK, SOCK_STREAM, 0, -ESOCKTNOSUPPORT },
    };
    int pair[2];

    sockets_start();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        CHECK_EQ(sys_socket(cases[i].domain, cases[i].type, cases[i].protocol), cases[i].error);
    CHECK_EQ(sys_socketpair(AF_INET, SOCK_STREAM, 0, at(pair)), -EOPNOTSUPP);
    CHECK_EQ(sys_socketpair(AF_UNIX, SOCK_STREAM, 0, 16), -EFAULT);
    CHECK_EQ(sys_bind(77, 0, 0), -EBADF);
    check_nothing_left();
}

/* A connected pair over the loopback. */
void connect_tcp(int *listener, int *client, int *server, u16 port)
{
    struct abi_sockaddr_in name = inet(0x7f000001, port);
    struct abi_sockaddr_in peer = { 0 };
    int len = sizeof(peer);

    sockets_start();
    *listener = (int)sys_socket(AF_INET, SOCK_STREAM, 0);
    *client = (int)sys_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(*listener >= 0 && *client >= 0);
    CHECK_EQ(sys_bind(*listener, at(&name), sizeof(name)), 0);
    CHECK_EQ(sys_listen(*listener, 10), 0);
    CHECK_EQ(sys_connect(*client, at(&name), sizeof(name)), 0);
    *server = (int)sys_accept4(*listener, at(&peer), at(&len), 0);
    CHECK(*server >= 0);
    CHECK_EQ(len, 16);
    CHECK_EQ(be32_get(peer.address), 0x7f000001);
}

TEST(socket, tcp_carries_bytes_and_ends)
{
    struct abi_sockaddr_in name = { 0 };
    int len = sizeof(name);
    int listener;
    int client;
    int server;

    connect_tcp(&listener, &client, &server, 8080);
    CHECK_EQ(send_text(client, "hello"), 5);
    CHECK(!(events_of(client) & POLLIN));
    fake_run_bottom_halves();
    CHECK(events_of(server) & POLLIN);
    expect_text(server, "hello");
    CHECK_EQ(sys_getpeername(client, at(&name), at(&len)), 0);
    CHECK_EQ(be16_get(name.port), 8080);
    CHECK_EQ(sys_shutdown(client, SHUT_WR), 0);
    fake_run_bottom_halves();
    expect_text(server, "");
    CHECK_EQ(send_text(client, "x"), -EPIPE);
    CHECK_EQ(signals_sent, 1);
    CHECK_EQ(sys_sendto(client, at("x"), 1, MSG_NOSIGNAL, 0, 0), -EPIPE);
    CHECK_EQ(signals_sent, 1);
    close_fd(server);
    close_fd(client);
    close_fd(listener);
    check_nothing_left();
}

/* Both ends of a long transfer are this one thread: while it sleeps in send, the hook reads. */
static int reader;
static u64 bytes_read;
static u8 *big;

static void read_some(u64 deadline_ns)
{
    u8 chunk[10000];
    long len;

    if (fake_run_bottom_halves() == 0 && fake_next_deadline() < deadline_ns)
        fake_clock_advance(NS_PER_MS);
    len = sys_recvfrom(reader, at(chunk), sizeof(chunk), MSG_DONTWAIT, 0, 0);
    if (len <= 0)
        return;
    CHECK(memcmp(chunk, big + bytes_read, (size_t)len) == 0);
    bytes_read += (u64)len;
}

static void transfer(int from, int to)
{
    big = malloc(BIG);
    for (u32 i = 0; i < BIG; i++)
        big[i] = (u8)(i * 7 + i / 256 + i / 65536);
    reader = to;
    bytes_read = 0;
    fake_sleep_hook = read_some;
    CHECK_EQ(sys_sendto(from, at(big), BIG, 0, 0, 0), BIG);
    for (u32 i = 0; i < 100000 && bytes_read < BIG; i++)
        read_some(DEADLINE_NONE);
    CHECK_EQ(bytes_read, BIG);
    fake_sleep_hook = let_time_pass;
    free(big);
}

TEST(socket, tcp_blocks_a_writer_until_there_is_room)
{
    int listener;
    int client;
    int server;

    connect_tcp(&listener, &client, &server, 8081);
    transfer(client, server);
    transfer(server, client);
    close_fd(server);
    close_fd(client);
    close_fd(listener);
    check_nothing_left();
}

TEST(socket, waits_no_longer_than_its_timeout)
{
    s64 time[2] = { 0, 50000 };
    u64 before;
    int listener;
    int client;
    int server;
    char c;

    connect_tcp(&listener, &client, &server, 8082);
    CHECK_EQ(sys_setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, at(time), sizeof(time)), 0);
    before = fake_now_ns;
    CHECK_EQ(sys_recvfrom(client, at(&c), 1, 0, 0, 0), -EAGAIN);
    CHECK(fake_now_ns - before >= 50 * NS_PER_MS && fake_now_ns - before < 60 * NS_PER_MS);
    close_fd(server);
    close_fd(client);
    close_fd(listener);
}

TEST(socket, options_read_back_as_on_linux)
{
    static const struct {
        int level, name, set, get;
    } cases[] = {
        { SOL_SOCKET, SO_REUSEADDR, 5, 1 },      { SOL_SOCKET, SO_KEEPALIVE, 1, 1 },
        { SOL_SOCKET, SO_RCVBUF, 10000, 20000 }, { SOL_SOCKET, SO_SNDBUF, 10000, 20000 },
        { SOL_SOCKET, SO_SNDBUF, 1, 4608 },      { SOL_SOCKET, SO_PRIORITY, 3, 3 },
        { IPPROTO_TCP, TCP_NODELAY, 1, 1 },      { IPPROTO_TCP, TCP_CORK, 0, 0 },
        { IPPROTO_TCP, TCP_KEEPIDLE, 30, 30 },   { IPPROTO_TCP, TCP_KEEPCNT, 4, 4 },
        { IPPROTO_IP, IP_TOS, 16, 16 },          { IPPROTO_IP, IP_TTL, 77, 77 },
    };
    static const struct {
        int level, name, error;
    } unknown[] = {
        { SOL_SOCKET, 999, -ENOPROTOOPT },
        { IPPROTO_TCP, 999, -ENOPROTOOPT },
        { IPPROTO_IP, 999, -ENOPROTOOPT },
        { 12345, 1, -ENOPROTOOPT },
        { IPPROTO_IPV6, 26, -ENOPROTOOPT },
        { SOL_SOCKET, SO_LINGER, -EINVAL },
        { IPPROTO_IP, IP_ADD_MEMBERSHIP, -ENOPROTOOPT },
    };
    struct abi_tcp_info info;
    int value;
    int len;
    int fd;

    sockets_start();
    fd = (int)sys_socket(AF_INET, SOCK_STREAM, 0);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        value = cases[i].set;
        CHECK_EQ(sys_setsockopt(fd, cases[i].level, cases[i].name, at(&value), 4), 0);
        value = -1;
        len = 4;
        CHECK_EQ(sys_getsockopt(fd, cases[i].level, cases[i].name, at(&value), at(&len)), 0);
        CHECK_EQ(value, cases[i].get);
        CHECK_EQ(len, 4);
    }
    value = 1;
    for (size_t i = 0; i < ARRAY_COUNT(unknown); i++) {
        CHECK_EQ(sys_setsockopt(fd, unknown[i].level, unknown[i].name, at(&value), 4),
                 unknown[i].error);
    }
    len = sizeof(info);
    CHECK_EQ(sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, at(&info), at(&len)), 0);
    CHECK_EQ(info.state, 7); /* TCP_CLOSE */
    len = -1;
    CHECK_EQ(sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, at(&value), at(&len)), -EINVAL);
    CHECK_EQ(sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 16, 4), -EFAULT);
    CHECK_EQ(sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, at(&value), 2), -EINVAL);
    close_fd(fd);
    check_nothing_left();
}

TEST(socket, udp_keeps_datagrams_apart_and_tells_of_cut_ones)
{
    struct abi_sockaddr_in name = inet(0x7f000001, 9000);
    struct abi_sockaddr_in from = { 0 };
    char got[100];
    int len = sizeof(from);
    int server;
    int client;

    sockets_start();
    server = (int)sys_socket(AF_INET, SOCK_DGRAM, 0);
    client = (int)sys_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK_EQ(sys_bind(server, at(&name), sizeof(name)), 0);
    CHECK_EQ(sys_sendto(client, at("one"), 3, 0, at(&name), sizeof(name)), 3);
    CHECK_EQ(sys_sendto(client, at(""), 0, 0, at(&name), sizeof(name)), 0);
    CHECK_EQ(sys_sendto(client, at("three"), 5, 0, at(&name), sizeof(name)), 5);
    fake_run_bottom_halves();
    CHECK_EQ(sys_recvfrom(server, at(got), 100, MSG_PEEK, at(&from), at(&len)), 3);
    CHECK_EQ(be32_get(from.address), 0x7f000001);
    CHECK_EQ(sys_recvfrom(server, at(got), 2, MSG_TRUNC, 0, 0), 3);
    CHECK_EQ(sys_recvfrom(server, at(got), 100, 0, 0, 0), 0);
    CHECK_EQ(sys_recvfrom(server, at(got), 2, 0, 0, 0), 2);
    CHECK_EQ(sys_recvfrom(server, at(got), 2, MSG_DONTWAIT, 0, 0), -EAGAIN);
    CHECK_EQ(sys_recvfrom(client, at(got), 2, 0, 0, 0), -EAGAIN);
    CHECK_EQ(sys_sendto(client, at("x"), 1, 0, 0, 0), -EDESTADDRREQ);
    CHECK_EQ(sys_sendto(client, at("x"), 1, 0, at(&name), 3), -EINVAL);
    CHECK_EQ(sys_sendto(client, 16, 1, 0, at(&name), sizeof(name)), -EFAULT);
    CHECK_EQ(sys_listen(client, 1), -EOPNOTSUPP);
    close_fd(server);
    close_fd(client);
    check_nothing_left();
}

void make_pair(int type, int *pair)
{
    sockets_start();
    CHECK_EQ(sys_socketpair(AF_UNIX, type, 0, at(pair)), 0);
}

TEST(unix, stream_joins_bytes_and_sees_the_end)
{
    int pair[2];
    char got[8] = "";

    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(send_text(pair[0], "abc"), 3);
    CHECK_EQ(send_text(pair[0], "def"), 3);
    CHECK(events_of(pair[1]) & POLLIN);
    CHECK_EQ(sys_recvfrom(pair[1], at(got), 4, MSG_PEEK, 0, 0), 4);
    CHECK_EQ(sys_recvfrom(pair[1], at(got), 4, 0, 0, 0), 4);
    CHECK(memcmp(got, "abcd", 4) == 0);
    expect_text(pair[1], "ef");
    CHECK_EQ(sys_recvfrom(pair[1], at(got), 4, MSG_DONTWAIT, 0, 0), -EAGAIN);
    CHECK_EQ(send_text(pair[0], "unread"), 6);
    close_fd(pair[1]);
    CHECK(events_of(pair[0]) & POLLHUP);
    CHECK_EQ(sys_recvfrom(pair[0], at(got), 4, 0, 0, 0), -ECONNRESET);
    CHECK_EQ(sys_recvfrom(pair[0], at(got), 4, 0, 0, 0), 0);
    CHECK_EQ(send_text(pair[0], "x"), -EPIPE);
    close_fd(pair[0]);
    check_nothing_left();
}

TEST(unix, stream_blocks_a_writer_until_there_is_room)
{
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    transfer(pair[0], pair[1]);
    close_fd(pair[0]);
    close_fd(pair[1]);
    check_nothing_left();
}

TEST(unix, messages_keep_their_borders)
{
    static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };

    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        char got[8];
        int pair[2];
        u32 sent = 0;

        make_pair(types[i], pair);
        CHECK_EQ(send_text(pair[0], "abc"), 3);
        CHECK_EQ(send_text(pair[0], ""), 0);
        CHECK_EQ(send_text(pair[0], "defgh"), 5);
        expect_text(pair[1], "abc");
        expect_text(pair[1], "");
        CHECK_EQ(sys_recvfrom(pair[1], at(got), 2, 0, 0, 0), 2);
        CHECK_EQ(sys_recvfrom(pair[1], at(got), 2, MSG_DONTWAIT, 0, 0), -EAGAIN);
        while (sys_sendto(pair[0], at("x"), 1, MSG_DONTWAIT, 0, 0) == 1)
            sent++;
        CHECK(sent >= 100 && sent < 5000);
        CHECK(!(events_of(pair[0]) & POLLOUT));
        expect_text(pair[1], "x");
        for (u32 k = 1; k < sent; k++)
            expect_text(pair[1], "x");
        CHECK(events_of(pair[0]) & POLLOUT);
        close_fd(pair[0]);
        close_fd(pair[1]);
        check_nothing_left();
    }
}

u32 name_un(struct abi_sockaddr_un *name, const char *path, bool is_abstract)
{
    memset(name, 0, sizeof(*name));
    name->family = AF_UNIX;
    memcpy(name->path + is_abstract, path, strlen(path));
    return (u32)(2 + strlen(path) + 1);
}

TEST(unix, connects_by_path_and_by_abstract_name)
{
    for (int is_abstract = 0; is_abstract < 2; is_abstract++) {
        struct abi_sockaddr_un name;
        struct abi_sockaddr_un got;
        u32 len;
        int got_len = sizeof(got);
        int listener;
        int client;
        int server;

        sockets_start();
        len = name_un(&name, "/run/test.sock", is_abstract);
        listener = (int)sys_socket(AF_UNIX, SOCK_STREAM, 0);
        client = (int)sys_socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK_EQ(sys_connect(client, at(&name), (int)len), is_abstract ? -ECONNREFUSED : -ENOENT);
        CHECK_EQ(sys_listen(listener, 1), -EINVAL);
        CHECK_EQ(sys_bind(listener, at(&name), (int)len), 0);
        CHECK_EQ(sys_bind(listener, at(&name), (int)len), -EINVAL);
        CHECK_EQ(sys_bind(client, at(&name), (int)len), -EADDRINUSE);
        CHECK_EQ(sys_connect(client, at(&name), (int)len), -ECONNREFUSED);
        CHECK_EQ(sys_listen(listener, 1), 0);
        CHECK_EQ(sys_connect(client, at(&name), (int)len), 0);
        CHECK_EQ(sys_connect(client, at(&name), (int)len), -EISCONN);
        CHECK_EQ(send_text(client, "early"), 5);
        CHECK(events_of(listener) & POLLIN);
        server = (int)sys_accept4(listener, 0, 0, 0);
        expect_text(server, "early");
        CHECK_EQ(sys_getpeername(client, at(&got), at(&got_len)), 0);
        CHECK_EQ(got_len, len);
        CHECK(memcmp(&got, &name, len) == 0);
        close_fd(server);
        close_fd(client);

        /* Unaccepted ones are reset when the listener goes. */
        client = (int)sys_socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK_EQ(sys_connect(client, at(&name), (int)len), 0);
        close_fd(listener);
        CHECK(events_of(client) & POLLHUP);
        CHECK_EQ(sys_connect(client, at(&name), (int)len), -ECONNREFUSED);
        close_fd(client);
        check_nothing_left();
    }
}

static long send_files(int fd, const int *fds, u32 count)
{
    struct {
        struct abi_cmsghdr header;
        int fds[SCM_MAX_FD + 3];
    } control = { .header = { 16 + 4 * count, SOL_SOCKET, SCM_RIGHTS } };
    struct iovec_user piece = { at("f"), 1 };
    struct abi_msghdr message = { .pieces = at(&piece),
                                  .piece_count = 1,
                                  .control = at(&control),
                                  .control_len = (16 + 4 * count + 7) & ~7u };

    memcpy(control.fds, fds, count * sizeof(int));
    return sys_sendmsg(fd, at(&message), MSG_DONTWAIT);
}

static u32 receive_files(int fd, int *fds, u32 room, u32 *flags)
{
    struct {
        struct abi_cmsghdr header;
        int fds[SCM_MAX_FD + 3];
    } control;
    char c;
    struct iovec_user piece = { at(&c), 1 };
    struct abi_msghdr message = { .pieces = at(&piece),
                                  .piece_count = 1,
                                  .control = room ? at(&control) : 0,
                                  .control_len = room ? 16 + 4 * room : 0 };
    u32 count;

    CHECK_EQ(sys_recvmsg(fd, at(&message), MSG_DONTWAIT), 1);
    *flags = message.flags;
    if (message.control_len == 0)
        return 0;
    count = (u32)(control.header.len - 16) / 4;
    memcpy(fds, control.fds, count * sizeof(int));
    return count;
}

TEST(unix, carries_open_files)
{
    int files[2];
    int pair[2];
    int got[4];
    u32 flags;
    int bad = 999;

    make_pair(SOCK_STREAM, pair);
    make_pair(SOCK_STREAM, files);
    CHECK_EQ(send_files(pair[0], &bad, 1), -EBADF);
    CHECK_EQ(send_files(pair[0], files, 2), 1);
    close_fd(files[0]);
    CHECK_EQ(unix_files_in_flight(), 2);
    CHECK_EQ(receive_files(pair[1], got, 2, &flags), 2);
    CHECK_EQ(flags & MSG_CTRUNC, 0);
    CHECK_EQ(send_text(files[1], "through"), 7);
    expect_text(got[0], "through");
    close_fd(got[0]);
    close_fd(got[1]);
    /* Room for one of two: the other is closed. */
    CHECK_EQ(send_files(pair[0], (int[]){ files[1], files[1] }, 2), 1);
    CHECK_EQ(receive_files(pair[1], got, 1, &flags), 1);
    CHECK(flags & MSG_CTRUNC);
    close_fd(got[0]);
    /* And none at all, by read(2). */
    CHECK_EQ(send_files(pair[0], &files[1], 1), 1);
    expect_text(pair[1], "f");
    /* Left in the queue when it is closed. */
    CHECK_EQ(send_files(pair[0], &files[1], 1), 1);
    close_fd(files[1]);
    close_fd(pair[0]);
    close_fd(pair[1]);
    check_nothing_left();
}

TEST(unix, destroys_a_long_chain_of_sockets_in_sockets)
{
    int outer[2];
    int inner[2];

    make_pair(SOCK_STREAM, inner);
    for (u32 i = 0; i < 3000; i++) {
        make_pair(SOCK_STREAM, outer);
        CHECK_EQ(send_files(outer[0], inner, 2), 1);
        close_fd(inner[0]);
        close_fd(inner[1]);
        inner[0] = outer[0];
        inner[1] = outer[1];
    }
    close_fd(inner[0]);
    close_fd(inner[1]);
    check_nothing_left();
}

TEST(unix, bounds_the_files_in_flight)
{
    int fds[SCM_MAX_FD];
    int pairs[80][2];
    long result = 1;
    u32 count = 0;

    make_pair(SOCK_STREAM, pairs[0]);
    for (u32 i = 0; i < SCM_MAX_FD; i++)
        fds[i] = pairs[0][0];
    for (count = 1; count < 80 && result == 1; count++) {
        make_pair(SOCK_STREAM, pairs[count]);
        result = send_files(pairs[count][0], fds, SCM_MAX_FD);
    }
    CHECK_EQ(result, -ETOOMANYREFS);
    CHECK_EQ(unix_files_in_flight() / SCM_MAX_FD, UNIX_FILES_IN_FLIGHT_MAX / SCM_MAX_FD);
    for (u32 i = 0; i < count; i++) {
        close_fd(pairs[i][0]);
        close_fd(pairs[i][1]);
    }
    check_nothing_left();
}

TEST(socket, bears_any_control_data)
{
    u64 words[8];
    struct iovec_user piece = { at("f"), 1 };
    struct abi_msghdr message = { .pieces = at(&piece), .piece_count = 1, .control = at(words) };
    int pair[2];

    make_pair(SOCK_DGRAM, pair);
    srandom(5);
    for (u32 i = 0; i < 20000; i++) {
        char c;

        for (size_t k = 0; k < ARRAY_COUNT(words); k++)
            words[k] = random() % 3 ? (u64)random() % 80 : (u64)random() << 33 | (u64)random();
        words[1] = (u64)(random() % 4) << 32 | (u64)(random() % 3);
        message.control_len = (u64)random() % (sizeof(words) + 1);
        if (sys_sendmsg(pair[0], at(&message), MSG_DONTWAIT) >= 0)
            CHECK_EQ(sys_recvfrom(pair[1], at(&c), 1, MSG_DONTWAIT, 0, 0), 1);
    }
    message.control_len = UINT64_MAX;
    CHECK_EQ(sys_sendmsg(pair[0], at(&message), 0), -ENOBUFS);
    message.control_len = 0;
    message.piece_count = 1025;
    CHECK_EQ(sys_sendmsg(pair[0], at(&message), 0), -EMSGSIZE);
    close_fd(pair[0]);
    close_fd(pair[1]);
    check_nothing_left();
}

TEST(netlink, dumps_links_and_addresses)
{
    struct {
        struct abi_nlmsghdr header;
        struct abi_ifinfomsg body;
    } request = { .header = { sizeof(request), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 7, 0 } };
    u8 got[4096];
    struct abi_nlmsghdr *header = (struct abi_nlmsghdr *)got;
    struct abi_nlmsghdr copy;
    long len;
    int fd;

    sockets_start();
    fd = (int)sys_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    CHECK_EQ(sys_sendto(fd, at(&request), sizeof(request), 0, 0, 0), sizeof(request));
    len = sys_recvfrom(fd, at(got), sizeof(got), 0, 0, 0);
    CHECK(len > 60);
    memcpy(&copy, header, sizeof(copy));
    CHECK_EQ(copy.type, RTM_NEWLINK);
    CHECK_EQ(copy.seq, 7);
    memcpy(&copy, got + copy.len, sizeof(copy));
    CHECK_EQ(copy.type, NLMSG_DONE);

    request.header.type = RTM_GETADDR;
    CHECK_EQ(sys_sendto(fd, at(&request), sizeof(request), 0, 0, 0), sizeof(request));
    len = sys_recvfrom(fd, at(got), sizeof(got), MSG_PEEK | MSG_TRUNC, 0, 0);
    CHECK_EQ(sys_recvfrom(fd, at(got), sizeof(got), 0, 0, 0), len);
    memcpy(&copy, got, sizeof(copy));
    CHECK_EQ(copy.type, RTM_NEWADDR);

    request.header.type = RTM_NEWADDR;
    request.header.flags = NLM_F_REQUEST;
    CHECK_EQ(sys_sendto(fd, at(&request), sizeof(request), 0, 0, 0), sizeof(request));
    CHECK(sys_recvfrom(fd, at(got), sizeof(got), 0, 0, 0) >= (long)sizeof(copy));
    memcpy(&copy, got, sizeof(copy));
    CHECK_EQ(copy.type, NLMSG_ERROR);
    close_fd(fd);
    check_nothing_left();
}
