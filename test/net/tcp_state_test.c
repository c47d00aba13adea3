/* SPDX-License-Identifier: Apache-2.0 */
/* TCP's states over the simulated wire: opening, closing, refusing, waiting, giving up. */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/core/clock.h"
#include "kernel/net/net.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "test/net/peer.h"
#include "test/net/sim.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

static const struct sim_config lan = { .delay_ns = NS_PER_MS };

static void open_lan(struct pair *pair)
{
    sim_init(&lan, 1);
    pair_open(pair, NS_PER_SECOND);
}

static void clean_up(struct pair *pair)
{
    pair_close(pair);
    peers_check_gone();
}

/* Where the TCP header of an IP packet is. */
static u8 *tcp_of(u8 *ip)
{
    return ip + (ip[0] & 15ul) * 4;
}

static bool drop_all(void *arg, u8 *ip, u32 len)
{
    (void)arg;
    (void)ip;
    (void)len;
    return false;
}

/* Drops the first `*arg` packets. */
static bool drop_first(void *arg, u8 *ip, u32 len)
{
    u32 *left = arg;

    (void)ip;
    (void)len;
    if (*left == 0)
        return true;
    --*left;
    return false;
}

TEST(tcp_state, handshake_survives_each_loss)
{
    for (u32 first = 1; first <= 3; first++) {
        struct pair pair = { 0 };
        u32 left = first;

        if (first == 1)
            sim_init(&lan, 1);
        sim_set_filter(drop_first, &left);
        pair_open(&pair, 30 * NS_PER_SECOND);
        pair.client.to_send = 1000;
        CHECK(sim_run_until(pair_is_done, &pair, 10 * NS_PER_SECOND));
        clean_up(&pair);
    }
}

TEST(tcp_state, connect_to_nobody_is_refused)
{
    struct peer peer = { 0 };

    sim_init(&lan, 1);
    peer_connect(&peer, 9);
    sim_run(10 * NS_PER_MS);
    CHECK_EQ(tcp_state_of(peer.tcp), TCP_CLOSED);
    CHECK(tcp_poll(peer.tcp) & POLLERR);
    CHECK_EQ(tcp_take_error(peer.tcp), ECONNREFUSED);
    CHECK_EQ(tcp_take_error(peer.tcp), 0);
    peer_close(&peer, false);
    peers_check_gone();
}

TEST(tcp_state, connect_times_out_and_may_be_tried_again)
{
    struct tcp *listener;
    struct peer peer = { 0 };

    sim_init(&lan, 1);
    listener = peer_listen(PEER_PORT, 1);
    peer_connect(&peer, PEER_PORT);
    CHECK_EQ(tcp_connect(peer.tcp, (struct inet_address){ SIM_IP_B, PEER_PORT }), -EALREADY);
    tcp_close(peer.tcp, false);
    CHECK_EQ(tcp_state_of(peer.tcp), TCP_CLOSED);
    tcp_put(peer.tcp);
    peer.tcp = NULL;
    sim_set_filter(drop_all, NULL);
    peer_connect(&peer, PEER_PORT);
    sim_run(200 * NS_PER_SECOND);
    CHECK_EQ(tcp_take_error(peer.tcp), ETIMEDOUT);
    sim_set_filter(NULL, NULL);
    peer_connect(&peer, PEER_PORT);
    sim_run(10 * NS_PER_MS);
    CHECK_EQ(tcp_state_of(peer.tcp), TCP_ESTABLISHED);
    CHECK_EQ(tcp_connect(peer.tcp, (struct inet_address){ SIM_IP_B, PEER_PORT }), -EISCONN);
    peer_close(&peer, false);
    tcp_close(listener, false);
    tcp_put(listener);
    peers_check_gone();
}

/* Each binds, and connects to the other before either SYN has arrived. */
TEST(tcp_state, syns_cross)
{
    struct tcp_totals totals;
    struct peer peers[2] = { { .to_send = 5000, .pattern = 1, .expect = 2 },
                             { .to_send = 7000, .pattern = 2, .expect = 1 } };
    const struct inet_address address[2] = { { SIM_IP_A, 1000 }, { SIM_IP_B, 2000 } };

    sim_init(&lan, 1);
    for (u32 i = 0; i < 2; i++) {
        peers[i].tcp = tcp_create(NULL, NULL);
        CHECK_EQ(tcp_bind(peers[i].tcp, address[i]), 0);
    }
    for (u32 i = 0; i < 2; i++)
        CHECK_EQ(tcp_connect(peers[i].tcp, address[1 - i]), -EINPROGRESS);
    for (u32 i = 0; i < 100; i++) {
        sim_run(NS_PER_MS);
        peer_pump(&peers[0]);
        peer_pump(&peers[1]);
    }
    CHECK_EQ(peers[0].received, 7000);
    CHECK_EQ(peers[1].received, 5000);
    /* And both close at once. */
    peer_close(&peers[0], false);
    peer_close(&peers[1], false);
    tcp_totals(&totals);
    CHECK_EQ(totals.connections, 2);
    CHECK_EQ(totals.orphans, 2);
    sim_run(10 * NS_PER_MS);
    tcp_totals(&totals); /* CLOSING led both to TIME-WAIT. */
    CHECK_EQ(totals.connections, 0);
    CHECK_EQ(totals.orphans, 0);
    CHECK_EQ(totals.time_waits, 2);
    peers_check_gone();
}

TEST(tcp_state, connects_to_itself)
{
    struct peer peer = { .to_send = 10000, .pattern = 1, .expect = 1 };
    const struct inet_address self = { SIM_IP_A, 1000 };

    sim_init(&lan, 1);
    peer.tcp = tcp_create(NULL, NULL);
    CHECK_EQ(tcp_bind(peer.tcp, self), 0);
    CHECK_EQ(tcp_connect(peer.tcp, self), -EINPROGRESS);
    for (u32 i = 0; i < 100; i++) {
        sim_run(NS_PER_MS);
        peer_pump(&peer);
    }
    CHECK_EQ(peer.received, 10000);
    peer_close(&peer, false);
    peers_check_gone();
}

TEST(tcp_state, half_closed_side_still_receives)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(tcp_shutdown(pair.client.tcp, TCP_SHUTDOWN_WRITE), 0);
    sim_run(10 * NS_PER_MS);
    pair_pump(&pair);
    CHECK(pair.server.eof);
    CHECK_EQ(tcp_state_of(pair.server.tcp), TCP_CLOSE_WAIT);
    CHECK_EQ(tcp_state_of(pair.client.tcp), TCP_FIN_WAIT_2);
    pair.server.to_send = 200000;
    for (u32 i = 0; i < 500 && pair.client.received < 200000; i++) {
        sim_run(NS_PER_MS);
        pair_pump(&pair);
    }
    CHECK_EQ(pair.client.received, 200000);
    clean_up(&pair);
}

TEST(tcp_state, writing_after_shutdown_is_a_broken_pipe)
{
    struct pair pair = { 0 };
    void *memory;

    open_lan(&pair);
    CHECK_EQ(tcp_shutdown(pair.client.tcp, TCP_SHUTDOWN_WRITE), 0);
    CHECK_EQ(tcp_send_room(pair.client.tcp, 1, &memory), -EPIPE);
    clean_up(&pair);
}

TEST(tcp_state, abort_resets_the_peer)
{
    struct pair pair = { 0 };
    const void *memory;
    u64 more;
    void *room;

    open_lan(&pair);
    peer_close(&pair.client, true);
    sim_run(10 * NS_PER_MS);
    CHECK(tcp_poll(pair.server.tcp) & POLLHUP);
    CHECK_EQ(tcp_receive_peek(pair.server.tcp, 0, &memory, &more), -ECONNRESET);
    CHECK_EQ(tcp_receive_peek(pair.server.tcp, 0, &memory, &more), 0);
    CHECK_EQ(tcp_send_room(pair.server.tcp, 1, &room), -EPIPE);
    clean_up(&pair);
}

TEST(tcp_state, close_with_unread_data_resets)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    pair.client.to_send = 100;
    pair.server.deaf = true;
    sim_run(0);
    pair_pump(&pair);
    sim_run(10 * NS_PER_MS);
    peer_close(&pair.server, false);
    sim_run(10 * NS_PER_MS);
    CHECK_EQ(tcp_take_error(pair.client.tcp), ECONNRESET);
    clean_up(&pair);
}

TEST(tcp_state, data_for_a_closed_reader_resets)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    peer_close(&pair.server, false);
    sim_run(10 * NS_PER_MS);
    pair.client.to_send = 100;
    pair_pump(&pair);
    sim_run(10 * NS_PER_MS);
    CHECK_EQ(tcp_take_error(pair.client.tcp), EPIPE);
    clean_up(&pair);
}

/* What the end of the machine waits for. */
TEST(tcp_state, says_what_is_left_to_send)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(net_rest(), NET_REST_UNCLOSED);
    pair.client.to_send = 100000;
    peer_pump(&pair.client);
    CHECK_EQ(net_rest(), NET_REST_UNSENT);
    CHECK(sim_run_until(pair_is_done, &pair, NS_PER_SECOND));
    sim_run(50 * NS_PER_MS);
    CHECK_EQ(net_rest(), NET_REST_UNCLOSED);

    peer_close(&pair.client, false);
    CHECK_EQ(net_rest(), NET_REST_UNSENT); /* The FIN. */
    sim_run(50 * NS_PER_MS);
    CHECK_EQ(net_rest(), NET_REST_UNCLOSED);
    peer_close(&pair.server, false);
    sim_run(50 * NS_PER_MS);
    CHECK_EQ(net_rest(), NET_REST_NONE); /* Neither TIME-WAIT nor the listener counts. */
    clean_up(&pair);
}

TEST(tcp_state, orphan_in_fin_wait_2_goes_after_a_minute)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    peer_close(&pair.client, false);
    sim_run(59 * NS_PER_SECOND);
    CHECK_EQ(tcp_count(), 3);
    sim_run(2 * NS_PER_SECOND);
    CHECK_EQ(tcp_count(), 2);
    clean_up(&pair);
}

TEST(tcp_state, zero_window_is_probed_until_it_opens)
{
    struct pair pair = { 0 };
    u64 received;

    open_lan(&pair);
    pair.server.deaf = true;
    pair.client.to_send = 1000000;
    for (u32 i = 0; i < 300; i++) {
        sim_run(NS_PER_SECOND);
        pair_pump(&pair);
    }
    CHECK_EQ(tcp_state_of(pair.client.tcp), TCP_ESTABLISHED);
    received = tcp_receive_available(pair.server.tcp);
    CHECK(received >= 32768 && received <= 131072);
    pair.server.deaf = false;
    CHECK(sim_run_until(pair_is_done, &pair, 200 * NS_PER_SECOND));
    clean_up(&pair);
}

static bool drop_pure_acks(void *arg, u8 *ip, u32 len)
{
    const u8 *tcp = tcp_of(ip);
    u32 *dropping = arg;

    return *dropping == 0 || len > (u32)((ip[0] & 15) * 4 + (tcp[12] >> 4) * 4);
}

TEST(tcp_state, lost_window_update_does_not_hang)
{
    struct pair pair = { 0 };
    u32 dropping = 0;

    open_lan(&pair);
    pair.server.deaf = true;
    pair.client.to_send = 300000;
    for (u32 i = 0; i < 20; i++) {
        sim_run(NS_PER_SECOND);
        pair_pump(&pair);
    }
    sim_set_filter(drop_pure_acks, &dropping);
    dropping = 1;
    pair.server.deaf = false;
    pair_pump(&pair); /* Its window update is lost. */
    sim_run(10 * NS_PER_MS);
    dropping = 0;
    CHECK(sim_run_until(pair_is_done, &pair, 200 * NS_PER_SECOND));
    clean_up(&pair);
}

TEST(tcp_state, keepalive_finds_a_dead_peer)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_KEEPALIVE, 1), 0);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_KEEPIDLE_S, 10), 0);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_KEEPINTVL_S, 5), 0);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_KEEPCNT, 3), 0);
    sim_run(100 * NS_PER_SECOND);
    CHECK_EQ(tcp_state_of(pair.client.tcp), TCP_ESTABLISHED);
    sim_set_filter(drop_all, NULL);
    sim_run(14 * NS_PER_SECOND);
    CHECK_EQ(tcp_state_of(pair.client.tcp), TCP_ESTABLISHED);
    sim_run(12 * NS_PER_SECOND);
    CHECK_EQ(tcp_state_of(pair.client.tcp), TCP_CLOSED);
    CHECK_EQ(tcp_take_error(pair.client.tcp), ETIMEDOUT);
    sim_set_filter(NULL, NULL);
    clean_up(&pair);
}

TEST(tcp_state, user_timeout_ends_a_stalled_connection)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_USER_TIMEOUT_MS, 5000), 0);
    sim_set_filter(drop_all, NULL);
    pair.client.to_send = 10;
    pair_pump(&pair);
    sim_run(4 * NS_PER_SECOND);
    CHECK_EQ(tcp_state_of(pair.client.tcp), TCP_ESTABLISHED);
    sim_run(10 * NS_PER_SECOND);
    CHECK_EQ(tcp_take_error(pair.client.tcp), ETIMEDOUT);
    sim_set_filter(NULL, NULL);
    clean_up(&pair);
}

TEST(tcp_state, user_timeout_does_not_count_the_silence_before)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_USER_TIMEOUT_MS, 5000), 0);
    sim_run(20 * NS_PER_SECOND);
    sim_set_filter(drop_all, NULL);
    pair.client.to_send = 10;
    pair_pump(&pair);
    sim_run(2 * NS_PER_SECOND);
    CHECK_EQ(tcp_state_of(pair.client.tcp), TCP_ESTABLISHED);
    sim_set_filter(NULL, NULL);
    sim_run(5 * NS_PER_SECOND);
    pair_pump(&pair);
    CHECK_EQ(pair.server.received, 10);
    clean_up(&pair);
}

/* Nobody ran for a while: host, hypervisor, snapshot. What is on the wire comes with the timers. */
TEST(tcp_state, a_pause_of_the_machine_is_no_loss)
{
    struct tcp_details details;
    struct pair pair = { 0 };

    open_lan(&pair);
    for (u32 i = 1; i <= 5; i++) {
        pair.client.to_send = i * 1000ull;
        pair_pump(&pair);
        fake_now_ns += 3 * NS_PER_SECOND;
        sim_run(100 * NS_PER_MS);
        pair_pump(&pair);
        tcp_details(pair.client.tcp, &details);
        CHECK_EQ(details.total_retrans, 0);
        CHECK_EQ(pair.server.received, i * 1000);
    }
    sim_set_filter(drop_all, NULL);
    pair.client.to_send += 1000;
    pair_pump(&pair);
    fake_now_ns += 60 * NS_PER_SECOND;
    sim_run(100 * NS_PER_MS);
    tcp_details(pair.client.tcp, &details);
    CHECK_EQ(details.total_retrans, 1); /* But a loss is one, after a pause as well. */
    sim_set_filter(NULL, NULL);
    clean_up(&pair);
}

/* A router with a small MTU behind it. */
struct router {
    u32 mtu;
};

/* The message has to wait until the packet it is about has left the stack. */
static u8 late_header[8];
static u32 late_addresses[2];
static u32 late_count;

static bool too_long_later(void *arg, u8 *ip, u32 len)
{
    struct router *router = arg;

    if (len <= router->mtu)
        return true;
    mem_copy(late_header, tcp_of(ip), sizeof(late_header));
    late_addresses[0] = (u32)ip[12] << 24 | ip[13] << 16 | ip[14] << 8 | ip[15];
    late_addresses[1] = (u32)ip[16] << 24 | ip[17] << 16 | ip[18] << 8 | ip[19];
    late_count++;
    return false;
}

TEST(tcp_state, path_mtu_is_learned)
{
    struct pair pair = { 0 };
    struct router router = { .mtu = 1000 };
    struct tcp_details details;

    open_lan(&pair);
    sim_set_filter(too_long_later, &router);
    pair.client.to_send = 200000;
    for (u32 i = 0; i < 2000 && !pair_is_done(&pair); i++) {
        sim_run(NS_PER_MS);
        if (late_count > 0)
            tcp_icmp_error(late_addresses[0], late_addresses[1], late_header, 3, 4, router.mtu);
        late_count = 0;
    }
    CHECK(pair_is_done(&pair));
    tcp_details(pair.client.tcp, &details);
    CHECK_EQ(details.snd_mss, 1000 - 52);
    sim_set_filter(NULL, NULL);
    clean_up(&pair);
}

TEST(tcp_state, ports_follow_the_rules_of_linux)
{
    struct tcp *first;
    struct tcp *second;
    const struct inet_address any = { 0, 80 };
    const struct inet_address one = { SIM_IP_A, 80 };

    sim_init(&lan, 1);
    first = tcp_create(NULL, NULL);
    second = tcp_create(NULL, NULL);
    CHECK_EQ(tcp_bind(first, any), 0);
    CHECK_EQ(tcp_bind(first, any), -EINVAL);
    CHECK_EQ(tcp_bind(second, one), -EADDRINUSE);
    CHECK_EQ(tcp_bind(second, (struct inet_address){ 0x08080808, 80 }), -EADDRNOTAVAIL);
    CHECK_EQ(tcp_set_option(first, TCP_OPT_REUSEADDR, 1), 0);
    CHECK_EQ(tcp_bind(second, one), -EADDRINUSE);
    CHECK_EQ(tcp_set_option(second, TCP_OPT_REUSEADDR, 1), 0);
    CHECK_EQ(tcp_bind(second, one), 0);
    CHECK_EQ(tcp_listen(first, 1), 0);
    CHECK_EQ(tcp_listen(second, 1), -EADDRINUSE);
    tcp_close(first, false);
    CHECK_EQ(tcp_listen(second, 1), 0);
    tcp_close(second, false);
    tcp_put(first);
    tcp_put(second);
    peers_check_gone();
}

TEST(tcp_state, connections_keep_their_port)
{
    const struct inet_address place = { SIM_IP_B, PEER_PORT };
    struct pair pair = { 0 };
    struct tcp *other;

    open_lan(&pair);
    tcp_close(pair.listener, false);
    CHECK_EQ(tcp_set_option(pair.server.tcp, TCP_OPT_REUSEADDR, 0), 0);
    other = tcp_create(NULL, NULL);
    CHECK_EQ(tcp_bind(other, place), -EADDRINUSE); /* By the connection. */
    CHECK_EQ(tcp_set_option(other, TCP_OPT_REUSEADDR, 1), 0);
    CHECK_EQ(tcp_bind(other, place), -EADDRINUSE); /* That one has to have it, too. */
    CHECK_EQ(tcp_set_option(pair.server.tcp, TCP_OPT_REUSEADDR, 1), 0);
    CHECK_EQ(tcp_bind(other, (struct inet_address){ 0, PEER_PORT }), 0);
    tcp_close(other, false);

    peer_close(&pair.server, false);
    peer_close(&pair.client, false);
    sim_run(NS_PER_SECOND);
    CHECK_EQ(tcp_bind(other, place), 0); /* TIME-WAIT remembers. */
    tcp_close(other, false);
    CHECK_EQ(tcp_set_option(other, TCP_OPT_REUSEADDR, 0), 0);
    CHECK_EQ(tcp_bind(other, place), -EADDRINUSE);
    sim_run(61 * NS_PER_SECOND);
    CHECK_EQ(tcp_bind(other, place), 0);
    tcp_close(other, false);
    tcp_put(other);
    clean_up(&pair);
}

TEST(tcp_state, disconnected_it_connects_anew)
{
    struct pair pair = { 0 };
    struct tcp *client;

    open_lan(&pair);
    pair.server.to_send = 100;
    pair.client.deaf = true;
    sim_run(50 * NS_PER_MS);
    client = pair.client.tcp;
    CHECK_EQ(tcp_disconnect(client), 0);
    CHECK_EQ(tcp_state_of(client), TCP_CLOSED);
    CHECK_EQ(tcp_remote(client).port, 0);
    CHECK_EQ(tcp_receive_available(client), 0);
    CHECK_EQ(tcp_take_error(client), ECONNRESET);
    sim_run(50 * NS_PER_MS);
    CHECK_EQ(tcp_take_error(pair.server.tcp), ECONNRESET);

    CHECK_EQ(tcp_bind(client, (struct inet_address){ SIM_IP_A, 5000 }), 0);
    CHECK_EQ(tcp_connect(client, (struct inet_address){ SIM_IP_B, PEER_PORT }), -EINPROGRESS);
    sim_run(50 * NS_PER_MS);
    CHECK_EQ(tcp_state_of(client), TCP_ESTABLISHED);
    CHECK_EQ(tcp_disconnect(client), 0);
    CHECK_EQ(tcp_local(client).port, 5000);
    CHECK_EQ(tcp_bind(client, (struct inet_address){ SIM_IP_A, 5001 }), -EINVAL);
    clean_up(&pair);
}

TEST(tcp_state, listeners_share_a_port_with_reuseport)
{
    struct tcp *listeners[2];
    struct peer peers[40] = { 0 };
    u32 got[2] = { 0 };

    sim_init(&lan, 1);
    for (u32 i = 0; i < 2; i++) {
        listeners[i] = tcp_create(NULL, NULL);
        CHECK_EQ(tcp_set_option(listeners[i], TCP_OPT_REUSEPORT, 1), 0);
        CHECK_EQ(tcp_bind(listeners[i], (struct inet_address){ 0, PEER_PORT }), 0);
        CHECK_EQ(tcp_listen(listeners[i], 100), 0);
    }
    for (u32 i = 0; i < 40; i++)
        peer_connect(&peers[i], PEER_PORT);
    sim_run(10 * NS_PER_MS);
    for (u32 i = 0; i < 2; i++) {
        struct tcp *tcp = tcp_accept(listeners[i]);

        for (; tcp; tcp = tcp_accept(listeners[i])) {
            got[i]++;
            tcp_close(tcp, false);
            tcp_put(tcp);
        }
        tcp_close(listeners[i], false);
        tcp_put(listeners[i]);
    }
    CHECK_EQ(got[0] + got[1], 40);
    CHECK(got[0] > 5 && got[1] > 5);
    for (u32 i = 0; i < 40; i++)
        peer_close(&peers[i], false);
    peers_check_gone();
}
