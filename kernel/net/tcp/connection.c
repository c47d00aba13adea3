/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's life: how it is made, what it starts with, how it ends. */
#include "kernel/net/tcp/connection.h"

#include "abi/linux/poll.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/entropy.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"
#include "kernel/net/tcp/listener.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/tcp/transfer.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/hash/hash.h"

enum {
    HEADERS_SIZE = IPV4_HEADER_SIZE + TCP_HEADER_SIZE,
    /* The initial sequence number grows by one each 64 ns: once around in 4.6 minutes. */
    ISN_SHIFT = 6,
};

/* Nine cache lines: an idle connection is promised to cost 1 KiB with its socket and its file. */
static_assert(sizeof(struct tcp) <= 576, "");

static struct slab_cache *cache;         /* [const] after connection_init() */
static struct siphash_key isn_key;       /* Likewise. */
static struct siphash_key timestamp_key; /* Likewise. */
static u64 orphans;                      /* [atomic] Relaxed: a bound, not a count. */
static u64 connections;                  /* [atomic] Likewise, for tests and reports. */
struct tcp_counters tcp_counters;

static const struct tcp_settings settings_default = {
    .keepalive_idle_s = TCP_KEEPALIVE_IDLE_S,
    .keepalive_interval_s = TCP_KEEPALIVE_INTERVAL_S,
    .keepalive_probes = TCP_KEEPALIVE_PROBES,
    .syn_retries = TCP_SYN_RETRIES,
    .linger2_s = TCP_FIN_TIMEOUT_S,
    .notsent_lowat = UINT32_MAX,
    .window_clamp = UINT32_MAX,
    .ttl = IPV4_TTL_DEFAULT,
};

void connection_init(void)
{
    cache = slab_cache_create("tcp", sizeof(struct tcp), CACHE_LINE_SIZE);
    if (!cache)
        panic("tcp: no memory at boot");
    random_bytes(&isn_key, sizeof(isn_key));
    random_bytes(&timestamp_key, sizeof(timestamp_key));
}

u64 connection_count(void)
{
    return __atomic_load_n(&connections, __ATOMIC_RELAXED); /* For reports. */
}

u32 tcp_initial_seq(const struct tcp_tuple *tuple, u64 now_ns)
{
    return (u32)siphash(&isn_key, tuple, sizeof(*tuple)) + (u32)(now_ns >> ISN_SHIFT);
}

/* One per pair of hosts, so that clocks do not jump between their connections (RFC 7323 5.4). */
u32 tcp_timestamp_offset(const struct tcp_tuple *tuple)
{
    u32 hosts[2] = { tuple->local_ip, tuple->remote_ip };

    return (u32)siphash(&timestamp_key, hosts, sizeof(hosts));
}

struct tcp *connection_create(void)
{
    struct tcp *tcp = slab_alloc(cache);

    if (!tcp)
        return NULL;
    mem_zero(tcp, sizeof(*tcp));
    tcp->node.refs = 1;
    tcp->node.kind = TCP_NODE_CONNECTION;
    spinlock_init(&tcp->lock, LOCK_RANK_SOCKET);
    tcp_queue_init(&tcp->queue);
    list_init(&tcp->in_order);
    list_init(&tcp->out_of_order);
    list_init(&tcp->bind_link);
    net_timer_init(&tcp->timer, connection_timer_fn);
    tcp->sndbuf = TCP_SEND_BUFFER;
    tcp->rcvbuf = TCP_RECEIVE_BUFFER;
    tcp->rcv_wnd_max = TCP_RECEIVE_BUFFER / 2;
    tcp->quick_acks = TCP_QUICK_ACKS;
    tcp->ssthresh = UINT32_MAX / 2;
    tcp->mss = TCP_MSS_DEFAULT;
    tcp->rcv_mss = TCP_MSS_DEFAULT;
    tcp->rto_deadline_ns = DEADLINE_NONE;
    tcp->ack_deadline_ns = DEADLINE_NONE;
    tcp->idle_deadline_ns = DEADLINE_NONE;
    tcp->timer_deadline_ns = DEADLINE_NONE;
    __atomic_fetch_add(&connections, 1, __ATOMIC_RELAXED); /* See there. */
    return tcp;
}

void connection_renew(struct tcp *tcp)
{
    /* That of held back ACKs says on which list it is. */
    tcp->flags &= TCP_F_NODELAY | TCP_F_CORK | TCP_F_KEEPALIVE | TCP_F_REUSEADDR | TCP_F_REUSEPORT |
                  TCP_F_SNDBUF_LOCKED | TCP_F_RCVBUF_LOCKED | TCP_F_ACK_HELD;
    receive_purge(tcp);
    reassembly_purge(tcp);
    mem_zero(&tcp->node.tuple, sizeof(tcp->node.tuple));
    mem_zero(tcp->rcv_sack, sizeof(tcp->rcv_sack));
    mem_zero(&tcp->dsack, sizeof(tcp->dsack));
    tcp->recovery = TCP_RECOVERY_OPEN;
    tcp->probes = 0;
    tcp->mss_peer = 0;
    tcp->snd_wscale = 0;
    tcp->rcv_wscale = 0;
    tcp->quick_acks = TCP_QUICK_ACKS;
    tcp->ssthresh = UINT32_MAX / 2;
    tcp->cwnd_acked = 0;
    tcp->duplicate_acks = 0;
    tcp->srtt_us = 0;
    tcp->rttvar_us = 0;
    tcp->rcv_consumed = 0;
    tcp->rcv_rtt_us = 0;
    tcp->ts_recent = 0;
    tcp->ts_recent_at = 0;
    tcp->error = 0;
    tcp->soft_error = 0;
}

static void connection_free(struct tcp *tcp)
{
    ASSERT(!tcp->node.hashed && !net_timer_is_armed(&tcp->timer));
    tcp_ports_unbind(tcp);
    receive_purge(tcp);
    reassembly_purge(tcp);
    tcp_queue_clear(&tcp->queue);
    heap_free(tcp->sacks);
    heap_free(tcp->settings);
    listener_destroy(tcp->listener);
    slab_free(cache, tcp);
    __atomic_fetch_sub(&connections, 1, __ATOMIC_RELAXED); /* See there. */
}

void tcp_node_put(struct tcp_node *node)
{
    /* The last one sees all that the others did. */
    if (__atomic_fetch_sub(&node->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    if (node->kind == TCP_NODE_CONNECTION) {
        connection_free(tcp_of_node(node));
    } else if (node->kind == TCP_NODE_REQUEST) {
        request_free(node);
    } else {
        timewait_free(node);
    }
}

void connection_put(struct tcp *tcp)
{
    tcp_node_put(&tcp->node);
}

void connection_lock(struct tcp *tcp)
{
    spin_lock(&tcp->lock);
    tcp->now_ns = clock_now_ns();
}

void connection_unlock(struct tcp *tcp)
{
    spin_unlock(&tcp->lock);
}

void connection_notify(struct tcp *tcp, u32 events)
{
    if (tcp->notify)
        tcp->notify(tcp->notify_arg, events);
}

const struct tcp_settings *tcp_settings_of(const struct tcp *tcp)
{
    return tcp->settings ? tcp->settings : &settings_default;
}

struct tcp_settings *tcp_settings_own(struct tcp *tcp)
{
    struct tcp_settings *settings = tcp->settings;

    if (!settings) {
        settings = heap_alloc(sizeof(*settings));
        if (settings)
            *settings = settings_default;
        /* A listener's are read without its lock by handshakes: they are whole once visible. */
        __atomic_store_n(&tcp->settings, settings, __ATOMIC_RELEASE);
    }
    return settings;
}

void connection_set_mss(struct tcp *tcp)
{
    u32 mss = tcp->route.mtu - HEADERS_SIZE;
    u32 limit = tcp_settings_of(tcp)->max_segment;

    mss = u32_min(mss, tcp->mss_peer != 0 ? tcp->mss_peer : TCP_MSS_DEFAULT);
    if (limit != 0)
        mss = u32_min(mss, limit);
    mss = u32_min(u32_max(mss, TCP_MSS_MIN), TCP_MSS_WIRE_MAX);
    if (tcp_has(tcp, TCP_F_TIMESTAMPS))
        mss -= TCP_TIMESTAMP_SPACE;
    tcp->mss = (u16)mss;
}

int connection_route(struct tcp *tcp)
{
    int err = ipv4_route_find(tcp->node.tuple.remote_ip, &tcp->route);

    if (err < 0)
        return err;
    tcp->route.mtu = u32_max(tcp->route.mtu, TCP_MSS_MIN + HEADERS_SIZE);
    connection_set_mss(tcp);
    return 0;
}

void connection_established(struct tcp *tcp)
{
    tcp->state = TCP_ESTABLISHED;
    tcp->flags |= TCP_F_CONNECTED;
    connection_set_mss(tcp);
    tcp->rcv_mss = tcp->mss;
    /* RFC 6928; one segment after a SYN that was lost (RFC 5681 3.1). */
    tcp->cwnd = tcp->mss * (tcp->retransmits > 1 ? 1u : TCP_INITIAL_WINDOW);
    tcp->recovery_end = tcp->snd_una;
    tcp->lost_end = tcp->snd_una;
    tcp->rtx_next = tcp->snd_una;
    tcp->snd_small = tcp->snd_una;
    tcp->retransmits = 0;
    tcp->backoff = 0;
    tcp->progress_at = tcp_coarse(tcp->now_ns);
    tcp->heard_at = tcp_coarse(tcp->now_ns);
    tcp->rto_deadline_ns = DEADLINE_NONE;
    connection_keepalive_start(tcp);
}

static void orphan_end(struct tcp *tcp)
{
    if (tcp_has(tcp, TCP_F_ORPHAN)) {
        tcp->flags &= ~(u32)TCP_F_ORPHAN;
        __atomic_fetch_sub(&orphans, 1, __ATOMIC_RELAXED); /* See there. */
    }
}

bool connection_orphan(struct tcp *tcp)
{
    u64 before = __atomic_fetch_add(&orphans, 1, __ATOMIC_RELAXED); /* See there. */

    tcp->flags |= TCP_F_ORPHAN;
    return before < TCP_ORPHANS_MAX;
}

u64 connection_orphan_count(void)
{
    return __atomic_load_n(&orphans, __ATOMIC_RELAXED); /* See there. */
}

/* Takes it out of everything but its references. */
static void connection_detach(struct tcp *tcp)
{
    tcp->state = TCP_CLOSED;
    orphan_end(tcp);
    tcp_queue_clear(&tcp->queue);
    sack_clear(tcp);
    reassembly_purge(tcp);
    tcp->rto_deadline_ns = DEADLINE_NONE;
    tcp->ack_deadline_ns = DEADLINE_NONE;
    tcp->idle_deadline_ns = DEADLINE_NONE;
    tcp->timer_deadline_ns = DEADLINE_NONE;
    tcp->flags &= ~(u32)TCP_F_ACK_NOW;
    tcp_ports_unbind(tcp);
    if (net_timer_cancel(&tcp->timer))
        connection_put(tcp); /* The timer's. The caller has one of its own. */
}

void connection_done(struct tcp *tcp, int error)
{
    if (tcp->state == TCP_CLOSED)
        return;
    if (error != 0)
        tcp->error = (u8)error;
    connection_detach(tcp);
    (void)tcp_table_remove(&tcp->node);
    connection_notify(tcp, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | (error != 0 ? POLLERR : 0));
}

/* Without memory for the record the connection just ends: a late segment gets a RST then. */
void connection_time_wait(struct tcp *tcp)
{
    struct tcp_node *record = timewait_create(tcp);

    if (record && tcp_table_replace(&tcp->node, record))
        timewait_start(record);
    if (record)
        tcp_node_put(record);
    connection_done(tcp, 0);
}

void connection_send_fin(struct tcp *tcp)
{
    if (tcp_has(tcp, TCP_F_FIN_QUEUED))
        return;
    tcp->flags |= TCP_F_FIN_QUEUED | TCP_F_SHUT_WRITE;
    tcp->flags &= ~(u32)(TCP_F_MORE | TCP_F_CORK);
    if (tcp->state == TCP_ESTABLISHED) {
        tcp->state = TCP_FIN_WAIT_1;
    } else if (tcp->state == TCP_CLOSE_WAIT) {
        tcp->state = TCP_LAST_ACK;
    }
    /* In SYN_RECEIVED the state moves on when the handshake is done. */
}
