/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets over their lives: names given twice at once, listening that ends and begins again, calls
 * of connect(2) one after the other, and who is told when something ends.
 */
#include "abi/linux/errors.h"
#include "abi/linux/netlink.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "kernel/core/clock.h"
#include "kernel/core/wait.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/mm/iter.h"
#include "kernel/socket/socket.h"
#include "kernel/socket/unix_internal.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/socket_test.h"
#include "lib/base/bytes.h"
#include "lib/base/list.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_paths.h"
#include "test/unit/unit.h"

#include <string.h>

#define LOOPBACK 0x7f000001

static int fd_under_test;
static bool hook_ran;

/* ---- Names. ---- */

static void bind_meanwhile(void)
{
    struct abi_sockaddr_un name;
    u32 len = name_un(&name, "second", true);

    CHECK_EQ(sys_bind(fd_under_test, at(&name), (int)len), -EINVAL);
    hook_ran = true;
}

TEST(unix, takes_one_name_from_two_threads)
{
    struct abi_sockaddr_un name;
    struct abi_sockaddr_un got;
    int got_len = sizeof(got);
    u32 len = name_un(&name, "/run/first", false);

    sockets_start();
    fd_under_test = (int)sys_socket(AF_UNIX, SOCK_STREAM, 0);
    fake_path_hook = bind_meanwhile;
    CHECK_EQ(sys_bind(fd_under_test, at(&name), (int)len), 0);
    fake_path_hook = NULL;
    CHECK(hook_ran);
    CHECK_EQ(sys_getsockname(fd_under_test, at(&got), at(&got_len)), 0);
    CHECK(memcmp(&got, &name, len) == 0);
    close_fd(fd_under_test);
    check_nothing_left();
}

TEST(unix, may_be_bound_after_a_failure)
{
    struct abi_sockaddr_un name;
    u32 len = name_un(&name, "taken", true);
    int first;
    int second;

    sockets_start();
    first = (int)sys_socket(AF_UNIX, SOCK_DGRAM, 0);
    second = (int)sys_socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_EQ(sys_bind(first, at(&name), (int)len), 0);
    CHECK_EQ(sys_bind(second, at(&name), (int)len), -EADDRINUSE);
    len = name_un(&name, "free", true);
    CHECK_EQ(sys_bind(second, at(&name), (int)len), 0);
    close_fd(first);
    close_fd(second);
    check_nothing_left();
}

TEST(socket, udp_chooses_its_source_anew_for_each_peer)
{
    struct abi_sockaddr_in peer = inet(LOOPBACK, 9000);
    struct abi_sockaddr nobody = { .family = AF_UNSPEC };
    struct abi_sockaddr_in name = { 0 };
    int len = sizeof(name);
    u16 port;
    int fd;

    sockets_start();
    fd = (int)sys_socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(sys_connect(fd, at(&peer), sizeof(peer)), 0);
    CHECK_EQ(sys_getsockname(fd, at(&name), at(&len)), 0);
    CHECK_EQ(be32_get(name.address), LOOPBACK);
    port = be16_get(name.port);
    CHECK(port != 0);
    CHECK_EQ(sys_connect(fd, at(&nobody), sizeof(peer)), 0);
    CHECK_EQ(sys_getsockname(fd, at(&name), at(&len)), 0);
    CHECK_EQ(be32_get(name.address), 0);
    CHECK_EQ(be16_get(name.port), port);
    CHECK_EQ(sys_bind(fd, at(&peer), sizeof(peer)), -EINVAL);
    close_fd(fd);
    check_nothing_left();
}

/* ---- Listening. ---- */

static int new_client(void)
{
    return (int)sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

TEST(socket, tcp_listens_again_on_its_port)
{
    struct abi_sockaddr_in name = inet(LOOPBACK, 8090);
    int value = 1;
    int len = sizeof(value);
    int listener;
    int client;
    int server;
    int other;

    connect_tcp(&listener, &client, &server, 8090);
    CHECK_EQ(sys_shutdown(listener, SHUT_RD), 0);
    CHECK_EQ(sys_getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, at(&value), at(&len)), 0);
    CHECK_EQ(value, 0);
    CHECK_EQ(sys_accept4(listener, 0, 0, 0), -EINVAL);
    other = new_client();
    CHECK_EQ(sys_bind(other, at(&name), sizeof(name)), -EADDRINUSE);
    CHECK_EQ(sys_connect(other, at(&name), sizeof(name)), -EINPROGRESS);
    fake_run_bottom_halves();
    CHECK_EQ(sys_connect(other, at(&name), sizeof(name)), -ECONNREFUSED);

    CHECK_EQ(sys_listen(listener, 1), 0);
    CHECK_EQ(sys_connect(other, at(&name), sizeof(name)), -EINPROGRESS);
    fake_run_bottom_halves();
    close_fd(server);
    server = (int)sys_accept4(listener, 0, 0, SOCK_NONBLOCK);
    CHECK(server >= 0);
    CHECK_EQ(send_text(other, "again"), 5);
    fake_run_bottom_halves();
    expect_text(server, "again");
    close_fd(server);
    close_fd(other);
    close_fd(client);
    close_fd(listener);
    check_nothing_left();
}

TEST(socket, accepted_ones_take_over_options)
{
    struct abi_sockaddr_in name = inet(LOOPBACK, 8091);
    struct abi_linger linger = { 1, 7 };
    struct abi_linger got = { 0 };
    s64 time[2] = { 3, 0 };
    int len = sizeof(time);
    int listener;
    int client;
    int server;

    sockets_start();
    listener = (int)sys_socket(AF_INET, SOCK_STREAM, 0);
    client = new_client();
    CHECK_EQ(sys_bind(listener, at(&name), sizeof(name)), 0);
    CHECK_EQ(sys_listen(listener, 1), 0);
    CHECK_EQ(sys_setsockopt(listener, SOL_SOCKET, SO_LINGER, at(&linger), sizeof(linger)), 0);
    CHECK_EQ(sys_setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, at(time), sizeof(time)), 0);
    CHECK_EQ(sys_connect(client, at(&name), sizeof(name)), -EINPROGRESS);
    server = (int)sys_accept4(listener, 0, 0, 0);
    CHECK(server >= 0);
    time[0] = 0;
    CHECK_EQ(sys_getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, at(time), at(&len)), 0);
    CHECK_EQ(time[0], 3);
    len = sizeof(got);
    CHECK_EQ(sys_getsockopt(server, SOL_SOCKET, SO_LINGER, at(&got), at(&len)), 0);
    CHECK(got.on == 1 && got.seconds == 7);
    len = 4;
    CHECK_EQ(sys_getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, at(&got), at(&len)), 0);
    CHECK_EQ(got.on, 0);
    close_fd(client);
    close_fd(server);
    close_fd(listener);
    check_nothing_left();
}

TEST(socket, keeps_a_connection_for_which_there_is_no_descriptor)
{
    struct fdtable *table = current_fdtable();
    struct abi_sockaddr_in name = inet(LOOPBACK, 8092);
    int listener;
    int client;
    int server;
    int other;
    u64 limit;

    connect_tcp(&listener, &client, &server, 8092);
    limit = fdtable_limit(table);
    other = new_client();
    CHECK_EQ(sys_connect(other, at(&name), sizeof(name)), -EINPROGRESS);
    fake_run_bottom_halves();
    fdtable_set_limit(table, (u64)other + 1);
    CHECK_EQ(sys_accept4(listener, 0, 0, SOCK_NONBLOCK), -EMFILE);
    fdtable_set_limit(table, limit);
    close_fd(server);
    server = (int)sys_accept4(listener, 0, 0, SOCK_NONBLOCK);
    CHECK(server >= 0);
    CHECK_EQ(send_text(server, "patience"), 8);
    fake_run_bottom_halves();
    expect_text(other, "patience");
    close_fd(other);
    close_fd(client);
    close_fd(server);
    close_fd(listener);
    check_nothing_left();
}

/* ---- Connecting. ---- */

TEST(socket, second_connect_tells_how_the_first_went)
{
    struct abi_sockaddr_in name = inet(LOOPBACK, 8093);
    struct abi_sockaddr_in nobody = inet(LOOPBACK, 8094);
    int listener;
    int client;
    int server;
    int fd;

    connect_tcp(&listener, &client, &server, 8093);
    fd = new_client();
    CHECK_EQ(sys_connect(fd, at(&nobody), sizeof(nobody)), -EINPROGRESS);
    CHECK_EQ(sys_connect(fd, at(&nobody), sizeof(nobody)), -EALREADY);
    fake_run_bottom_halves();
    CHECK_EQ(sys_connect(fd, at(&nobody), sizeof(nobody)), -ECONNREFUSED);
    CHECK_EQ(sys_connect(fd, at(&name), sizeof(name)), -EINPROGRESS);
    fake_run_bottom_halves();
    CHECK_EQ(sys_connect(fd, at(&name), sizeof(name)), 0);
    CHECK_EQ(sys_connect(fd, at(&name), sizeof(name)), -EISCONN);
    close_fd(fd);
    close_fd(client);
    close_fd(server);
    close_fd(listener);
    check_nothing_left();
}

TEST(socket, shutdown_ends_an_attempt_to_connect)
{
    struct abi_sockaddr_in nobody = inet(LOOPBACK, 8095);
    int fd;

    sockets_start();
    fd = new_client();
    CHECK_EQ(sys_connect(fd, at(&nobody), sizeof(nobody)), -EINPROGRESS);
    CHECK_EQ(sys_shutdown(fd, SHUT_RDWR), 0);
    CHECK(events_of(fd) & POLLHUP);
    CHECK_EQ(sys_shutdown(fd, SHUT_RDWR), -ENOTCONN);
    close_fd(fd);
    check_nothing_left();
}

static void close_listener(u64 deadline_ns)
{
    (void)deadline_ns;
    CHECK_EQ(sys_shutdown(fd_under_test, SHUT_RDWR), 0);
}

TEST(unix, connects_no_longer_than_somebody_listens)
{
    struct abi_sockaddr_un name;
    u32 len = name_un(&name, "busy", true);
    int value = 0;
    int value_len = sizeof(value);
    int clients[2];

    sockets_start();
    fd_under_test = (int)sys_socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(sys_bind(fd_under_test, at(&name), (int)len), 0);
    CHECK_EQ(sys_listen(fd_under_test, 0), 0);
    for (u32 i = 0; i < 2; i++)
        clients[i] = (int)sys_socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(sys_connect(clients[0], at(&name), (int)len), 0);
    fake_sleep_hook = close_listener;
    CHECK_EQ(sys_connect(clients[1], at(&name), (int)len), -ECONNREFUSED);
    close_fd(fd_under_test);
    CHECK_EQ(sys_getsockopt(clients[0], SOL_SOCKET, SO_ERROR, at(&value), at(&value_len)), 0);
    CHECK_EQ(value, ECONNRESET); /* Nobody accepted it. */
    close_fd(clients[0]);
    close_fd(clients[1]);
    check_nothing_left();
}

/* ---- Waiting. ---- */

static struct socket *socket_at(int fd)
{
    struct file *file = fdtable_get(current_fdtable(), fd);
    struct socket *socket = socket_of(file);

    file_put(file); /* The table has one. */
    return socket;
}

static bool saw_exclusive;

static void look_at_waiter(u64 deadline_ns)
{
    struct list *first = socket_at(fd_under_test)->queue.waiters.next;

    saw_exclusive = LIST_ENTRY(first, struct waiter, link)->exclusive;
    fake_clock_advance(deadline_ns - fake_now_ns);
}

/* Of two readers of a stream the first may leave bytes that the other waits for. */
TEST(socket, bytes_wake_all_readers_and_a_message_one)
{
    static const struct {
        int type;
        bool exclusive;
    } cases[] = { { SOCK_STREAM, false }, { SOCK_DGRAM, true }, { SOCK_SEQPACKET, true } };
    s64 time[2] = { 1, 0 };
    int pair[2];
    char c;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        make_pair(cases[i].type, pair);
        fd_under_test = pair[0];
        fake_sleep_hook = look_at_waiter;
        CHECK_EQ(sys_setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, at(time), sizeof(time)), 0);
        CHECK_EQ(sys_recvfrom(pair[0], at(&c), 1, 0, 0, 0), -EAGAIN);
        CHECK_EQ(saw_exclusive, cases[i].exclusive);
        close_fd(pair[0]);
        close_fd(pair[1]);
    }
    check_nothing_left();
}

static bool count_wake(struct waiter *waiter, u32 events)
{
    (void)events;
    waiter->woken = true;
    return true;
}

TEST(socket, the_end_of_a_listener_wakes_all_who_accept)
{
    struct waiter waiters[3];
    int listener;
    int client;
    int server;

    connect_tcp(&listener, &client, &server, 8096);
    for (u32 i = 0; i < 3; i++)
        wait_add(&socket_at(listener)->queue, &waiters[i], count_wake, POLLIN | POLLHUP, true);
    CHECK_EQ(sys_shutdown(listener, SHUT_RDWR), 0);
    for (u32 i = 0; i < 3; i++) {
        CHECK(waiters[i].woken);
        wait_remove(&waiters[i]);
    }
    close_fd(client);
    close_fd(server);
    close_fd(listener);
    check_nothing_left();
}

TEST(socket, close_lingers_until_all_has_arrived)
{
    struct abi_sockaddr_in name = inet(LOOPBACK, 8097);
    struct abi_linger linger = { 1, 5 };
    static char much[50000];
    u64 before;
    int listener;
    int client;
    int server;

    connect_tcp(&listener, &client, &server, 8097);
    CHECK_EQ(sys_setsockopt(client, SOL_SOCKET, SO_LINGER, at(&linger), sizeof(linger)), 0);
    CHECK_EQ(sys_sendto(client, at(much), sizeof(much), 0, 0, 0), sizeof(much));
    before = fake_now_ns;
    close_fd(client);
    CHECK(fake_now_ns - before < NS_PER_SECOND);
    CHECK(!fake_run_bottom_halves()); /* All is there, and acknowledged. */
    CHECK_EQ(sys_recvfrom(server, at(much), sizeof(much), MSG_WAITALL, 0, 0), sizeof(much));
    expect_text(server, "");
    close_fd(server);

    /* A reader who does not read: five seconds, and no more. */
    client = (int)sys_socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(sys_connect(client, at(&name), sizeof(name)), 0);
    CHECK_EQ(sys_setsockopt(client, SOL_SOCKET, SO_LINGER, at(&linger), sizeof(linger)), 0);
    while (sys_sendto(client, at(much), sizeof(much), MSG_DONTWAIT, 0, 0) > 0)
        fake_run_bottom_halves();
    before = fake_now_ns;
    close_fd(client);
    CHECK(fake_now_ns - before >= 5 * NS_PER_SECOND && fake_now_ns - before < 6 * NS_PER_SECOND);
    close_fd(listener);
    check_nothing_left();
}

/* ---- Control data. ---- */

TEST(socket, udp_tells_ttl_and_tos_of_each_datagram)
{
    struct abi_sockaddr_in name = inet(LOOPBACK, 9001);
    struct {
        struct abi_cmsghdr ttl;
        int ttl_value;
        int padding;
        struct abi_cmsghdr tos;
        u8 tos_value;
        u8 more[7];
    } control;
    char c;
    struct iovec_user piece = { at(&c), 1 };
    struct abi_msghdr message = { .pieces = at(&piece),
                                  .piece_count = 1,
                                  .control = at(&control),
                                  .control_len = sizeof(control) };
    int value = 1;
    int server;
    int client;

    sockets_start();
    server = (int)sys_socket(AF_INET, SOCK_DGRAM, 0);
    client = (int)sys_socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(sys_bind(server, at(&name), sizeof(name)), 0);
    CHECK_EQ(sys_setsockopt(server, IPPROTO_IP, IP_RECVTTL, at(&value), 4), 0);
    CHECK_EQ(sys_setsockopt(server, IPPROTO_IP, IP_RECVTOS, at(&value), 4), 0);
    value = 7;
    CHECK_EQ(sys_setsockopt(client, IPPROTO_IP, IP_TTL, at(&value), 4), 0);
    value = 0x20;
    CHECK_EQ(sys_setsockopt(client, IPPROTO_IP, IP_TOS, at(&value), 4), 0);
    CHECK_EQ(sys_sendto(client, at("x"), 1, 0, at(&name), sizeof(name)), 1);
    fake_run_bottom_halves();
    CHECK_EQ(sys_recvmsg(server, at(&message), MSG_DONTWAIT), 1);
    CHECK_EQ(message.control_len, sizeof(control));
    CHECK_EQ(control.ttl.type, IP_TTL);
    CHECK_EQ(control.ttl_value, 7);
    CHECK_EQ(control.tos.type, IP_TOS);
    CHECK_EQ(control.tos.len, sizeof(control.tos) + 1);
    CHECK_EQ(control.tos_value, 0x20);
    close_fd(server);
    close_fd(client);
    check_nothing_left();
}

TEST(socket, refuses_to_cut_datagrams_it_cannot_cut)
{
    struct {
        struct abi_cmsghdr header;
        u64 size;
    } control = { { 18, IPPROTO_UDP, 103 }, 1200 }; /* UDP_SEGMENT */
    struct abi_sockaddr_in name = inet(LOOPBACK, 9002);
    char bytes[2400] = "";
    struct iovec_user piece = { at(bytes), sizeof(bytes) };
    struct abi_msghdr message = { .name = at(&name),
                                  .name_len = sizeof(name),
                                  .pieces = at(&piece),
                                  .piece_count = 1,
                                  .control = at(&control),
                                  .control_len = sizeof(control) };
    int fd;

    sockets_start();
    fd = (int)sys_socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(sys_sendmsg(fd, at(&message), 0), -EINVAL);
    close_fd(fd);
    check_nothing_left();
}

TEST(unix, messages_raise_no_signal)
{
    int pair[2];

    make_pair(SOCK_SEQPACKET, pair);
    CHECK_EQ(sys_shutdown(pair[0], SHUT_WR), 0);
    CHECK_EQ(send_text(pair[0], "x"), -EPIPE);
    CHECK_EQ(signals_sent, 0);
    close_fd(pair[0]);
    close_fd(pair[1]);
    check_nothing_left();
}

TEST(unix, streams_do_with_small_memory)
{
    static char sent[20000];
    static char got[20000];
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    for (u32 i = 0; i < sizeof(sent); i++)
        sent[i] = (char)(i * 7 + i / 256);
    fake_alloc_fail_after = 0;
    CHECK_EQ(sys_sendto(pair[0], at(sent), sizeof(sent), 0, 0, 0), sizeof(sent));
    CHECK_EQ(sys_recvfrom(pair[1], at(got), sizeof(got), 0, 0, 0), sizeof(got));
    CHECK(memcmp(sent, got, sizeof(sent)) == 0);
    fake_alloc_fail_after = 0;
    CHECK_EQ(sys_sendto(pair[0], at(sent), UNIX_CHUNK_MIN, 0, 0, 0), -ENOBUFS);
    CHECK_EQ(sys_sendto(pair[0], 16, sizeof(sent), 0, 0, 0), -EFAULT);
    close_fd(pair[0]);
    close_fd(pair[1]);
    check_nothing_left();
}

/* ---- Memory. ---- */

static void close_if_open(long fd)
{
    if (fd >= 0)
        close_fd((int)fd);
}

/* Whatever fails here may fail: nothing is checked but what is left. */
static void use_inet(void)
{
    struct abi_sockaddr_in name = inet(LOOPBACK, 8098);
    static char much[9000];
    long listener = sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    long client = sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    long dgram = sys_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    long server;

    sys_bind((int)listener, at(&name), sizeof(name));
    sys_listen((int)listener, 3);
    sys_connect((int)client, at(&name), sizeof(name));
    fake_run_bottom_halves();
    server = sys_accept4((int)listener, 0, 0, SOCK_NONBLOCK);
    sys_sendto((int)client, at(much), sizeof(much), MSG_NOSIGNAL, 0, 0);
    sys_sendto((int)dgram, at(much), sizeof(much), 0, at(&name), sizeof(name));
    fake_run_bottom_halves();
    sys_recvfrom((int)server, at(much), sizeof(much), 0, 0, 0);
    close_if_open(dgram);
    close_if_open(server);
    close_if_open(client);
    close_if_open(listener);
}

static void use_unix(void)
{
    struct {
        struct abi_cmsghdr header;
        int fds[2];
    } control = { .header = { 24, SOL_SOCKET, SCM_RIGHTS } };
    char c = 'f';
    struct iovec_user piece = { at(&c), 1 };
    struct abi_msghdr message = { .pieces = at(&piece),
                                  .piece_count = 1,
                                  .control = at(&control),
                                  .control_len = sizeof(control) };
    struct abi_sockaddr_un name;
    int len = (int)name_un(&name, "poor", true);
    long listener = sys_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    long client = sys_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    long server;

    sys_bind((int)listener, at(&name), len);
    sys_listen((int)listener, 3);
    sys_connect((int)client, at(&name), len);
    server = sys_accept4((int)listener, 0, 0, SOCK_NONBLOCK);
    control.fds[0] = (int)listener;
    control.fds[1] = (int)client;
    if (sys_sendmsg((int)client, at(&message), MSG_NOSIGNAL) == 1 &&
        sys_recvmsg((int)server, at(&message), 0) == 1 && message.control_len == sizeof(control)) {
        close_fd(control.fds[0]);
        close_fd(control.fds[1]);
    }
    close_if_open(server);
    close_if_open(client);
    close_if_open(listener);
}

static void use_netlink(void)
{
    struct abi_nlmsghdr request = { .len = sizeof(request),
                                    .type = RTM_GETLINK,
                                    .flags = NLM_F_REQUEST | NLM_F_DUMP };
    char got[4096];
    long fd = sys_socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);

    sys_sendto((int)fd, at(&request), sizeof(request), 0, 0, 0);
    sys_recvfrom((int)fd, at(got), sizeof(got), 0, 0, 0);
    close_if_open(fd);
}

/* Every allocation in turn is the one that fails. */
TEST(socket, leaves_nothing_behind_when_memory_is_out)
{
    static void (*const uses[])(void) = { use_inet, use_unix, use_netlink };

    sockets_start();
    for (size_t i = 0; i < ARRAY_COUNT(uses); i++) {
        bool did_fail = true;

        uses[i](); /* Tables and slabs get what they keep. */
        check_nothing_left();
        for (long n = 0; did_fail; n++) {
            fake_alloc_fail_after = n;
            uses[i]();
            did_fail = fake_alloc_fail_after < 0;
            fake_alloc_fail_after = -1;
            check_nothing_left();
            CHECK(n < 1000);
        }
    }
}
