/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of a simulated connection. See peer.h. */
#include "test/net/peer.h"

#include "abi/linux/errors.h"
#include "kernel/core/clock.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/timer_wheel.h"
#include "test/net/sim.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

u8 peer_byte(u32 pattern, u64 at)
{
    u64 mixed = (at / 7 + pattern) * 0x9e3779b97f4a7c15ull;

    return (u8)(mixed >> 56) ^ (u8)at;
}

static void notified(void *arg, u32 events)
{
    struct peer *peer = arg;

    (void)events;
    peer->notified++;
}

static void ignored(void *arg, u32 events)
{
    (void)arg;
    (void)events;
}

struct tcp *peer_listen(u16 port, u32 backlog)
{
    struct tcp *listener = tcp_create(ignored, NULL);

    CHECK(listener != NULL);
    CHECK_EQ(tcp_set_option(listener, TCP_OPT_REUSEADDR, 1), 0);
    CHECK_EQ(tcp_bind(listener, (struct inet_address){ SIM_IP_B, port }), 0);
    CHECK_EQ(tcp_listen(listener, backlog), 0);
    return listener;
}

void peer_connect(struct peer *peer, u16 port)
{
    if (!peer->tcp)
        peer->tcp = tcp_create(notified, peer);
    CHECK(peer->tcp != NULL);
    CHECK_EQ(tcp_connect(peer->tcp, (struct inet_address){ SIM_IP_B, port }), -EINPROGRESS);
}

static long write_some(struct peer *peer)
{
    u64 left = peer->to_send - peer->sent;
    void *memory;
    long room;

    if (peer->write_max != 0 && left > peer->write_max)
        left = peer->write_max;
    room = tcp_send_room(peer->tcp, (u32)(left > 65536 ? 65536 : left), &memory);
    if (room <= 0)
        return room;
    for (long i = 0; i < room; i++)
        ((u8 *)memory)[i] = peer_byte(peer->pattern, peer->sent + (u64)i);
    peer->sent += (u64)room;
    tcp_send_commit(peer->tcp, (u32)room, false);
    return room;
}

static void pump_out(struct peer *peer)
{
    while (peer->error == 0 && peer->sent < peer->to_send) {
        long wrote = write_some(peer);

        if (wrote == -EAGAIN || wrote == -ENOMEM)
            return;
        if (wrote < 0)
            peer->error = (int)-wrote;
    }
    if (peer->shut && peer->error == 0 && peer->sent == peer->to_send) {
        int err = tcp_shutdown(peer->tcp, TCP_SHUTDOWN_WRITE);

        CHECK(err == 0 || err == -ENOTCONN);
        if (err == 0)
            peer->shut = false;
    }
}

static void pump_in(struct peer *peer)
{
    while (!peer->eof && peer->error == 0 && !peer->deaf) {
        const void *memory;
        u64 more;
        long len = tcp_receive_peek(peer->tcp, 0, &memory, &more);

        if (len == -EAGAIN || len == -ENOTCONN)
            return;
        if (len < 0) {
            peer->error = (int)-len;
            return;
        }
        peer->eof = len == 0;
        for (long i = 0; i < len; i++) {
            u8 byte = ((const u8 *)memory)[i];

            if (byte != peer_byte(peer->expect, peer->received + (u64)i))
                CHECK_EQ(peer->received + (u64)i, -1); /* Where the first wrong byte is. */
        }
        peer->received += (u64)len;
        tcp_receive_consume(peer->tcp, (u64)len);
    }
}

void peer_pump(struct peer *peer)
{
    if (!peer->tcp || tcp_state_of(peer->tcp) == TCP_SYN_SENT)
        return;
    pump_in(peer);
    pump_out(peer);
}

static void pair_accept(struct pair *pair)
{
    if (pair->server.tcp)
        return;
    pair->server.tcp = tcp_accept(pair->listener);
    if (pair->server.tcp)
        tcp_set_notify(pair->server.tcp, notified, &pair->server);
}

void pair_pump(struct pair *pair)
{
    pair_accept(pair);
    peer_pump(&pair->client);
    peer_pump(&pair->server);
}

static bool pair_is_open(void *arg)
{
    struct pair *pair = arg;

    pair_accept(pair);
    return pair->server.tcp && tcp_state_of(pair->client.tcp) == TCP_ESTABLISHED;
}

void pair_open(struct pair *pair, u64 limit_ns)
{
    pair->client.pattern = 1;
    pair->client.expect = 2;
    pair->server.pattern = 2;
    pair->server.expect = 1;
    pair->listener = peer_listen(PEER_PORT, 16);
    peer_connect(&pair->client, PEER_PORT);
    CHECK(sim_run_until(pair_is_open, pair, limit_ns));
}

bool pair_is_done(void *arg)
{
    struct pair *pair = arg;
    bool want_eof = pair->client.eof || pair->server.eof || pair->client.shut || pair->server.shut;

    pair_pump(pair);
    CHECK_EQ(pair->client.error, 0);
    CHECK_EQ(pair->server.error, 0);
    return pair->client.received == pair->server.to_send &&
           pair->server.received == pair->client.to_send &&
           (!want_eof || (pair->client.eof && pair->server.eof));
}

void peer_close(struct peer *peer, bool abort)
{
    if (!peer->tcp)
        return;
    tcp_close(peer->tcp, abort);
    tcp_put(peer->tcp);
    peer->tcp = NULL;
}

void pair_close(struct pair *pair)
{
    peer_close(&pair->client, false);
    peer_close(&pair->server, false);
    if (pair->listener) {
        tcp_close(pair->listener, false);
        tcp_put(pair->listener);
        pair->listener = NULL;
    }
}

static bool all_gone(void *arg)
{
    (void)arg;
    return tcp_count() == 0 && sim_in_flight() == 0;
}

void peers_check_gone(void)
{
    CHECK(sim_run_until(all_gone, NULL, 3600 * NS_PER_SECOND));
    sim_run(200 * NS_PER_SECOND); /* Timers that fire for nothing. */
    CHECK_EQ(netbuf_count(), 0);
    CHECK_EQ(net_timer_count(), 0);
    CHECK_EQ(fake_pages, tcp_queue_shared_pages());
    CHECK_EQ(fake_locks_held, 0);
}
