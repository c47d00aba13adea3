/* SPDX-License-Identifier: Apache-2.0 */
/* TCP under load and under attack: many connections, floods, no memory, forged segments. */
#include "abi/linux/errors.h"
#include "kernel/core/clock.h"
#include "kernel/net/checksum.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/bytes.h"
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

/* Puts a segment of the test's own making onto the wire. */
static void forge(const struct tcp_tuple *tuple, struct tcp_header *header)
{
    u8 ip[20 + TCP_HEADER_MAX] = { 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, IPV4_PROTOCOL_TCP };
    u32 size = tcp_header_emit_size(header);
    struct be32 addresses[2] = { be32_make(tuple->local_ip), be32_make(tuple->remote_ip) };
    struct be16 len = be16_make((u16)(20 + size));
    u16 sum;

    mem_copy(ip + 2, &len, 2);
    mem_copy(ip + 12, addresses, 8);
    sum = checksum_finish(checksum_add(ip, 20, 0));
    mem_copy(ip + 10, &sum, 2);
    header->source_port = tuple->local_port;
    header->destination_port = tuple->remote_port;
    tcp_header_emit(header, ip + 20);
    sum = checksum_finish(
        checksum_add(ip + 20, size,
                     checksum_pseudo(tuple->local_ip, tuple->remote_ip, IPV4_PROTOCOL_TCP, size)));
    mem_copy(ip + 20 + TCP_CHECKSUM_OFF, &sum, 2);
    sim_inject(ip, 20 + size);
}

/* From the client's side of a pair. */
static void forge_to_server(const struct pair *pair, u32 seq, u32 ack, u8 flags)
{
    struct tcp_header header = { .seq = seq, .ack = ack, .flags = flags, .window = 1000 };

    forge(&pair->client.tcp->node.tuple, &header);
    sim_run(10 * NS_PER_MS);
}

TEST(tcp_load, only_the_exact_reset_counts)
{
    struct pair pair = { 0 };
    u32 next;

    open_lan(&pair);
    next = pair.server.tcp->rcv_nxt;
    forge_to_server(&pair, next + 1, 0, TCP_RST);
    CHECK_EQ(tcp_counters.challenge_acks, 1);
    forge_to_server(&pair, next - 1, 0, TCP_RST);
    forge_to_server(&pair, next + 10000000, 0, TCP_RST);
    forge_to_server(&pair, next, 0, TCP_SYN);
    CHECK_EQ(tcp_counters.challenge_acks, 2);
    CHECK_EQ(tcp_state_of(pair.server.tcp), TCP_ESTABLISHED);
    forge_to_server(&pair, next, 0, TCP_RST);
    CHECK_EQ(tcp_state_of(pair.server.tcp), TCP_CLOSED);
    clean_up(&pair);
}

TEST(tcp_load, forged_acks_are_challenged)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    forge_to_server(&pair, pair.server.tcp->rcv_nxt, pair.server.tcp->snd_nxt + 1, TCP_ACK);
    forge_to_server(&pair, pair.server.tcp->rcv_nxt, pair.server.tcp->snd_una - 10000000, TCP_ACK);
    CHECK_EQ(tcp_counters.challenge_acks, 2);
    pair.server.to_send = 1000;
    pair.client.to_send = 1000;
    CHECK(sim_run_until(pair_is_done, &pair, NS_PER_SECOND));
    clean_up(&pair);
}

/* 127.16.0.0/12: nobody is there. */
static bool drop_to_nowhere(void *arg, u8 *ip, u32 len)
{
    (void)arg;
    (void)len;
    return (ip[17] & 0xf0) != 0x10;
}

/* Each from another address; nobody answers there. */
static void flood(u32 count)
{
    static u32 source = 0x7f100000u;

    sim_set_filter(drop_to_nowhere, NULL);
    for (u32 i = 0; i < count; i++) {
        struct tcp_tuple tuple = { source++, SIM_IP_B, 1000, PEER_PORT };
        struct tcp_header header = { .seq = i * 77, .flags = TCP_SYN, .window = 1000, .mss = 1400 };

        forge(&tuple, &header);
    }
    sim_run(NS_PER_MS);
}

TEST(tcp_load, a_syn_flood_leaves_little_behind)
{
    struct tcp *listener;

    sim_init(&lan, 1);
    listener = peer_listen(PEER_PORT, 16);
    for (u32 i = 0; i < 50; i++)
        flood(100);
    CHECK_EQ(tcp_counters.cookies_sent, 5000 - 17);
    CHECK(fake_heap_objects < 400);
    tcp_close(listener, false);
    tcp_put(listener);
    peers_check_gone();
}

TEST(tcp_load, cookies_keep_the_options)
{
    struct pair pair = { 0 };
    struct tcp_details details;

    sim_init(&lan, 1);
    pair.listener = peer_listen(PEER_PORT, 0);
    flood(40);
    CHECK(tcp_counters.cookies_sent > 0);
    pair.client.pattern = 1;
    pair.server.expect = 1;
    pair.client.to_send = 300000;
    peer_connect(&pair.client, PEER_PORT);
    CHECK(sim_run_until(pair_is_done, &pair, 10 * NS_PER_SECOND));
    CHECK_EQ(tcp_counters.cookies_accepted, 1);
    tcp_details(pair.server.tcp, &details);
    CHECK(details.sack && details.timestamps && details.wscale);
    CHECK_EQ(details.snd_wscale, TCP_WSCALE);
    CHECK_EQ(details.snd_mss, 1460 - 12);
    clean_up(&pair);
}

TEST(tcp_load, a_full_accept_queue_resets_nobody)
{
    struct peer peers[20] = { 0 };
    struct tcp *listener;
    u32 accepted = 0;

    sim_init(&lan, 1);
    listener = peer_listen(PEER_PORT, 3);
    for (u32 i = 0; i < 20; i++) {
        peers[i].to_send = 1; /* Whose request became a cookie has to speak to be remembered. */
        peer_connect(&peers[i], PEER_PORT);
    }
    sim_run(5 * NS_PER_MS);
    for (u32 i = 0; i < 20; i++)
        peer_pump(&peers[i]);
    sim_run(500 * NS_PER_MS);
    for (u32 i = 0; i < 60 && accepted < 20; i++) {
        struct tcp *tcp = tcp_accept(listener);

        for (; tcp; tcp = tcp_accept(listener)) {
            accepted++;
            tcp_receive_consume(tcp, 1);
            tcp_close(tcp, false);
            tcp_put(tcp);
        }
        sim_run(NS_PER_SECOND);
    }
    CHECK_EQ(accepted, 20);
    for (u32 i = 0; i < 20; i++) {
        CHECK_EQ(peers[i].error, 0);
        peer_close(&peers[i], false);
    }
    tcp_close(listener, false);
    tcp_put(listener);
    peers_check_gone();
}

static void open_many(struct tcp *listener, struct peer *clients, struct peer *servers, u32 count)
{
    u32 accepted = 0;

    for (u32 i = 0; i < count; i++) {
        clients[i] = (struct peer){ .to_send = 1, .pattern = 1, .expect = 2 };
        servers[i] = (struct peer){ .to_send = 100, .pattern = 2, .expect = 1 };
        peer_connect(&clients[i], PEER_PORT);
        if (i % 100 == 99)
            sim_run(10 * NS_PER_MS);
        while (accepted <= i) {
            servers[accepted].tcp = tcp_accept(listener);
            if (!servers[accepted].tcp)
                break;
            accepted++;
        }
    }
    CHECK_EQ(accepted, count);
}

TEST(tcp_load, a_thousand_connections_leak_nothing)
{
    enum {
        COUNT = 1000
    };
    static struct peer clients[COUNT];
    static struct peer servers[COUNT];
    struct tcp *listener;
    long objects;

    sim_init(&lan, 1);
    objects = fake_heap_objects;
    listener = peer_listen(PEER_PORT, 200);
    for (u32 round = 0; round < 3; round++) {
        open_many(listener, clients, servers, COUNT);
        CHECK_EQ(tcp_count(), 2 * COUNT + 1 + (round > 0 ? round * COUNT : 0));
        for (u32 step = 0; step < 10; step++) {
            for (u32 i = 0; i < COUNT; i++) {
                peer_pump(&clients[i]);
                peer_pump(&servers[i]);
            }
            sim_run(2 * NS_PER_MS);
        }
        for (u32 i = 0; i < COUNT; i++) {
            CHECK_EQ(clients[i].received, 100);
            CHECK_EQ(servers[i].received, 1);
            peer_close(&servers[i], false);
        }
        sim_run(10 * NS_PER_MS);
        for (u32 i = 0; i < COUNT; i++)
            peer_close(&clients[i], false);
        sim_run(10 * NS_PER_MS);
    }
    tcp_close(listener, false);
    tcp_put(listener);
    peers_check_gone();
    CHECK(fake_heap_objects - objects < 140); /* Bucket arrays of the table's shards stay. */
}

TEST(tcp_load, an_idle_connection_is_small)
{
    struct pair pair = { 0 };
    long objects;

    open_lan(&pair);
    objects = fake_heap_objects;
    pair.client.to_send = 100000;
    pair.server.to_send = 100000;
    CHECK(sim_run_until(pair_is_done, &pair, 10 * NS_PER_SECOND));
    sim_run(NS_PER_SECOND);
    CHECK(sizeof(struct tcp) <= 576);
    CHECK_EQ(fake_pages, tcp_queue_shared_pages());
    CHECK_EQ(fake_heap_objects, objects);
    clean_up(&pair);
}

TEST(tcp_load, ports_run_out_with_an_error)
{
    static struct peer peers[28232];
    struct tcp *listener;
    struct tcp *one_more;
    u32 count = 0;

    sim_init(&lan, 1);
    fake_alloc_fail_after = -1;
    listener = peer_listen(PEER_PORT, 10);
    for (u32 i = 0; i < 28232; i++) {
        peers[i].tcp = tcp_create(NULL, NULL);
        if (tcp_connect(peers[i].tcp, (struct inet_address){ SIM_IP_B, PEER_PORT }) == -EINPROGRESS)
            count++;
    }
    CHECK_EQ(count, 28232);
    one_more = tcp_create(NULL, NULL);
    CHECK_EQ(tcp_connect(one_more, (struct inet_address){ SIM_IP_B, PEER_PORT }), -EADDRNOTAVAIL);
    /* Another peer has all its ports. */
    CHECK_EQ(tcp_connect(one_more, (struct inet_address){ SIM_IP_B, 9 }), -EINPROGRESS);
    tcp_close(one_more, true);
    tcp_put(one_more);
    for (u32 i = 0; i < 28232; i++) {
        tcp_close(peers[i].tcp, true);
        tcp_put(peers[i].tcp);
    }
    tcp_close(listener, false);
    tcp_put(listener);
    peers_check_gone();
}

TEST(tcp_load, time_wait_gives_way_to_a_newer_connection)
{
    struct pair pair = { 0 };
    const struct inet_address local = { SIM_IP_A, 4000 };

    sim_init(&lan, 1);
    for (u32 round = 0; round < 3; round++) {
        pair = (struct pair){ 0 };
        pair.client.tcp = tcp_create(NULL, NULL);
        CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_REUSEADDR, 1), 0);
        CHECK_EQ(tcp_bind(pair.client.tcp, local), 0);
        pair_open(&pair, 2 * NS_PER_SECOND);
        pair.client.to_send = 1000;
        CHECK(sim_run_until(pair_is_done, &pair, NS_PER_SECOND));
        /* Once from the client's side, once from the server's. */
        peer_close(round % 2 == 0 ? &pair.client : &pair.server, false);
        sim_run(10 * NS_PER_MS);
        pair_close(&pair);
        sim_run(10 * NS_PER_MS);
        CHECK_EQ(tcp_count(), 1);
        sim_run(2 * NS_PER_SECOND);
    }
    peers_check_gone();
}

TEST(tcp_load, survives_memory_running_out)
{
    struct pair pair = { 0 };
    u32 step = 0;

    open_lan(&pair);
    pair.client.to_send = 300000;
    pair.server.to_send = 300000;
    while (!pair_is_done(&pair)) {
        fake_alloc_fail_after = step % 20 == 0 ? (long)(step / 20 % 7) : -1;
        step++;
        sim_run(NS_PER_MS);
        CHECK(step < 100000);
    }
    fake_alloc_fail_after = -1;
    clean_up(&pair);
}

TEST(tcp_load, handshakes_survive_memory_running_out)
{
    for (long fail = 0; fail < 12; fail++) {
        struct pair pair = { 0 };

        if (fail == 0)
            sim_init(&lan, 1);
        pair.listener = peer_listen(PEER_PORT, 4);
        peer_connect(&pair.client, PEER_PORT);
        fake_alloc_fail_after = fail;
        sim_run(10 * NS_PER_MS);
        fake_alloc_fail_after = -1;
        pair.client.to_send = 10;
        pair.client.pattern = 1;
        pair.server.expect = 1;
        CHECK(sim_run_until(pair_is_done, &pair, 30 * NS_PER_SECOND));
        clean_up(&pair);
    }
}

TEST(tcp_load, tiny_segments_cannot_exhaust_memory)
{
    struct pair pair = { 0 };
    long most = 0;

    open_lan(&pair);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_NODELAY, 1), 0);
    pair.server.deaf = true;
    pair.client.to_send = 20000;
    pair.client.write_max = 1;
    for (u32 i = 0; i < 2000; i++) {
        pair_pump(&pair);
        sim_run(NS_PER_MS);
        if (fake_pages > most)
            most = fake_pages;
    }
    CHECK(most < 150); /* 128 KiB of buffer, and what is on its way. */
    pair.server.deaf = false;
    CHECK(sim_run_until(pair_is_done, &pair, 60 * NS_PER_SECOND));
    clean_up(&pair);
}

static void count_states(void *arg, struct tcp *tcp, const struct tcp_details *details,
                         struct inet_address local, struct inet_address remote)
{
    u32 *counts = arg;

    CHECK(local.port != 0);
    CHECK((remote.port == 0) == (details->state == TCP_LISTEN));
    CHECK(tcp || details->state == TCP_TIME_WAIT || details->state == TCP_SYN_RECEIVED);
    counts[details->state]++;
}

TEST(tcp_load, each_one_is_visited)
{
    static struct peer clients[100];
    static struct peer servers[100];
    struct tcp *listener;
    u32 counts[TCP_TIME_WAIT + 1] = { 0 };

    sim_init(&lan, 1);
    listener = peer_listen(PEER_PORT, 200);
    open_many(listener, clients, servers, 100);
    for (u32 i = 0; i < 50; i++) {
        peer_close(&clients[i], false);
        sim_run(10 * NS_PER_MS);
        peer_close(&servers[i], false);
    }
    sim_run(10 * NS_PER_MS);
    sim_set_filter(drop_to_nowhere, NULL);
    flood(7);
    tcp_for_each(count_states, counts);
    CHECK_EQ(counts[TCP_LISTEN], 1);
    CHECK_EQ(counts[TCP_ESTABLISHED], 100);
    CHECK_EQ(counts[TCP_TIME_WAIT], 50);
    CHECK_EQ(counts[TCP_SYN_RECEIVED], 7);
    for (u32 i = 50; i < 100; i++) {
        peer_close(&clients[i], false);
        peer_close(&servers[i], false);
    }
    tcp_close(listener, false);
    tcp_put(listener);
    peers_check_gone();
}
