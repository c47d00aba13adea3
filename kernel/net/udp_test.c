/* SPDX-License-Identifier: Apache-2.0 */
/* Which socket a datagram is for, and what a socket may hold: over the loopback. */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/udp.h"
#include "kernel/net/udp_wire.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

static u32 events_seen;

static void on_event(void *arg, u32 events)
{
    (void)arg;
    events_seen |= events;
}

static struct udp *open_socket(void)
{
    static bool is_ready;

    if (!is_ready)
        net_init();
    is_ready = true;
    return udp_create(on_event, NULL);
}

static struct inet_address at(u32 ip, u16 port)
{
    return (struct inet_address){ .ip = ip, .port = port };
}

static int send(struct udp *udp, struct inet_address to, u32 len)
{
    static const u8 zeros[65536];
    struct netbuf *buf = netbuf_create();
    int err;

    CHECK(netbuf_append_copy(buf, zeros, len));
    err = udp_send(udp, buf, to.port ? &to : NULL);
    fake_run_bottom_halves();
    return err;
}

static u32 received(struct udp *udp)
{
    struct inet_address from;
    struct inet_address to;
    struct netbuf *buf = udp_receive(udp, &from, &to);
    u32 count = 0;

    while (buf) {
        netbuf_destroy(buf);
        count++;
        buf = udp_receive(udp, &from, &to);
    }
    return count;
}

TEST(udp_wire, refuses_lengths_that_do_not_fit)
{
    u8 bytes[8] = { 0, 1, 0, 2, 0, 8 };
    struct udp_header header;

    CHECK(udp_parse(bytes, 8, &header));
    CHECK(udp_parse(bytes, 100, &header));
    CHECK_EQ(header.len, 8);
    CHECK(!udp_parse(bytes, 7, &header));
    bytes[5] = 9;
    CHECK(!udp_parse(bytes, 8, &header));
    bytes[5] = 7;
    CHECK(!udp_parse(bytes, 8, &header));
}

TEST(udp, prefers_the_peer_then_the_address_then_anybody)
{
    struct udp *any = open_socket();
    struct udp *exact = open_socket();
    struct udp *peer = open_socket();
    struct udp *sender = open_socket();
    struct udp *stranger = open_socket();
    struct udp *all[] = { any, exact, peer };

    for (u32 i = 0; i < 3; i++)
        CHECK_EQ(udp_set_option(all[i], UDP_OPT_REUSEADDR, 1), 0);
    CHECK_EQ(udp_bind(any, at(0, 100)), 0);
    CHECK_EQ(udp_bind(exact, at(IPV4_LOOPBACK, 100)), 0);
    CHECK_EQ(udp_bind(peer, at(IPV4_LOOPBACK, 100)), 0);
    CHECK_EQ(udp_bind(sender, at(IPV4_LOOPBACK, 200)), 0);
    CHECK_EQ(udp_connect(peer, at(IPV4_LOOPBACK, 200)), 0);

    CHECK_EQ(send(sender, at(IPV4_LOOPBACK, 100), 10), 0);
    CHECK_EQ(received(peer), 1);
    CHECK_EQ(send(stranger, at(IPV4_LOOPBACK, 100), 10), 0);
    CHECK_EQ(received(exact), 1);
    CHECK_EQ(send(stranger, at(0x7f000005, 100), 10), 0);
    CHECK_EQ(received(any), 1);
    CHECK_EQ(udp_connect(peer, at(0, 0)), 0); /* No peer any more. */
    udp_destroy(exact);
    CHECK_EQ(send(sender, at(IPV4_LOOPBACK, 100), 10), 0);
    CHECK_EQ(received(peer), 1);
    udp_destroy(any);
    udp_destroy(peer);
    udp_destroy(sender);
    udp_destroy(stranger);
    CHECK_EQ(udp_count(), 0);
}

TEST(udp, spreads_flows_over_sockets_that_share_a_port)
{
    struct udp *server[4];
    u32 total = 0;

    for (u32 i = 0; i < 4; i++) {
        server[i] = open_socket();
        CHECK_EQ(udp_set_option(server[i], UDP_OPT_REUSEPORT, 1), 0);
        CHECK_EQ(udp_bind(server[i], at(0, 443)), 0);
    }
    for (u32 i = 0; i < 400; i++) {
        struct udp *client = open_socket();

        CHECK_EQ(send(client, at(IPV4_LOOPBACK, 443), 1), 0);
        udp_destroy(client);
    }
    for (u32 i = 0; i < 4; i++) {
        u32 share = received(server[i]);

        CHECK(share > 50 && share < 150);
        total += share;
    }
    CHECK_EQ(total, 400);
}

TEST(udp, follows_linux_rules_for_binding)
{
    struct udp *first = open_socket();
    struct udp *second = open_socket();

    CHECK_EQ(udp_bind(first, at(0x01020304, 1)), -EADDRNOTAVAIL);
    CHECK_EQ(udp_bind(first, at(0, 500)), 0);
    CHECK_EQ(udp_bind(first, at(0, 501)), -EINVAL);
    CHECK_EQ(udp_bind(second, at(0, 500)), -EADDRINUSE);
    CHECK_EQ(udp_bind(second, at(IPV4_LOOPBACK, 500)), -EADDRINUSE);
    CHECK_EQ(udp_set_option(second, UDP_OPT_REUSEADDR, 1), 0);
    CHECK_EQ(udp_bind(second, at(0, 500)), -EADDRINUSE); /* Both have to want it. */
    CHECK_EQ(udp_set_option(first, UDP_OPT_REUSEADDR, 1), 0);
    CHECK_EQ(udp_bind(second, at(0, 500)), 0);
    udp_destroy(first);
    udp_destroy(second);
}

TEST(udp, runs_out_of_ports_and_grows_its_table_on_the_way)
{
    u32 range = UDP_PORT_LAST - UDP_PORT_FIRST + 1;
    struct udp **sockets = calloc(range + 1, sizeof(struct udp *));

    for (u32 i = 0; i < range; i++) {
        sockets[i] = open_socket();
        CHECK_EQ(udp_connect(sockets[i], at(IPV4_LOOPBACK, 9)), 0);
        CHECK(udp_local(sockets[i]).port >= UDP_PORT_FIRST);
    }
    sockets[range] = open_socket();
    CHECK_EQ(udp_connect(sockets[range], at(IPV4_LOOPBACK, 9)), -EAGAIN);
    for (u32 i = 0; i <= range; i++)
        udp_destroy(sockets[i]);
    CHECK_EQ(udp_count(), 0);
    free(sockets);
}

TEST(udp, bounds_what_nobody_reads)
{
    struct udp *server = open_socket();
    struct udp *client = open_socket();
    u32 count;

    CHECK_EQ(udp_bind(server, at(0, 7)), 0);
    for (u32 i = 0; i < 2000; i++)
        CHECK_EQ(send(client, at(IPV4_LOOPBACK, 7), 1), 0);
    count = received(server);
    CHECK(count > 100 && count < 2000); /* One byte each, yet charged for what it keeps. */
    CHECK_EQ(net_counter(NET_UDP_RCVBUF_ERRORS), 2000 - count);
    udp_destroy(server);
    udp_destroy(client);
    CHECK_EQ(netbuf_count(), 0);
    CHECK_EQ(fake_pages, 0);
}

TEST(udp, tells_a_connected_socket_of_a_closed_port)
{
    struct udp *client = open_socket();

    CHECK_EQ(udp_connect(client, at(IPV4_LOOPBACK, 9)), 0);
    CHECK_EQ(send(client, at(0, 0), 5), 0);
    CHECK(events_seen & POLLERR);
    CHECK(udp_poll(client) & POLLERR);
    CHECK_EQ(send(client, at(0, 0), 5), -ECONNREFUSED);
    CHECK_EQ(udp_take_error(client), 0);
    udp_destroy(client);
}

TEST(udp, refuses_what_makes_no_sense)
{
    struct udp *udp = open_socket();

    CHECK_EQ(send(udp, at(0, 0), 5), -EDESTADDRREQ);
    CHECK_EQ(send(udp, at(IPV4_LOOPBACK, 9), 65508), -EMSGSIZE);
    CHECK_EQ(send(udp, at(0x08080808, 9), 1), -ENETUNREACH);
    CHECK_EQ(send(udp, at(0xffffffff, 9), 1), -EACCES);
    CHECK_EQ(udp_set_option(udp, UDP_OPT_TTL, 0), -EINVAL);
    CHECK_EQ(udp_set_option(udp, UDP_OPT_TTL, 256), -EINVAL);
    CHECK_EQ(send(udp, at(IPV4_LOOPBACK, 9), 65507), 0);
    udp_destroy(udp);
    CHECK_EQ(netbuf_count(), 0);
}
