/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listeners: half-open connections as small requests, then a queue of those that nobody has
 * accepted yet. When the requests are too many, cookies take their place (RFC 4987); when the queue
 * is full, what comes is dropped and comes again: an overload never resets anybody.
 */
#include "abi/linux/poll.h"
#include "kernel/core/clock.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/listener.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "kernel/net/timer_wheel.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

#define COOKIE_TIME_NS (180 * NS_PER_SECOND) /* No cookie lives longer. */

struct tcp_listener {
    struct spinlock lock; /* LOCK_RANK_LISTEN, before those of the connections it makes. */
    struct tcp *owner;    /* [const] Whose references keep this alive. */
    u32 backlog;
    u32 request_count;
    u32 accept_count;
    struct list requests; /* struct tcp_request, each with a reference. */
    struct list accepted; /* struct tcp by bind_link, each with a reference. */
    u64 cookie_ns;        /* When the last cookie was sent, 0: never. */
};

struct tcp_request {
    struct tcp_node node;
    struct tcp *owner;      /* [const] The listening connection; one reference. */
    struct list link;       /* Under the listener's lock, like all that follows. */
    struct net_timer timer; /* Of the next SYN-ACK. */
    u64 started_ns;
    u8 tries;
    struct tcp_handshake handshake;
};

static struct slab_cache *cache; /* [const] after request_init() */

void request_init(void)
{
    cache = slab_cache_create("tcp_request", sizeof(struct tcp_request), 0);
    if (!cache)
        panic("tcp: no memory at boot");
}

static struct tcp_request *request_of(struct tcp_node *node)
{
    return CONTAINER_OF(node, struct tcp_request, node);
}

void request_free(struct tcp_node *node)
{
    struct tcp_request *request = request_of(node);

    ASSERT(!net_timer_is_armed(&request->timer));
    connection_put(request->owner);
    slab_free(cache, request);
}

/* As on Linux one more than was asked for, so that 0 is of use. */
static u32 backlog_limit(u32 backlog)
{
    return u32_min(backlog, TCP_BACKLOG_MAX - 1) + 1;
}

struct tcp_listener *listener_create(struct tcp *owner, u32 backlog)
{
    struct tcp_listener *listener = heap_alloc_zero(sizeof(*listener));

    if (!listener)
        return NULL;
    spinlock_init(&listener->lock, LOCK_RANK_LISTEN);
    listener->owner = owner;
    list_init(&listener->requests);
    list_init(&listener->accepted);
    listener->backlog = backlog_limit(backlog);
    return listener;
}

void listener_destroy(struct tcp_listener *listener)
{
    ASSERT(!listener || (list_is_empty(&listener->requests) && list_is_empty(&listener->accepted)));
    heap_free(listener);
}

void listener_set_backlog(struct tcp_listener *listener, u32 backlog)
{
    spin_lock(&listener->lock);
    listener->backlog = backlog_limit(backlog);
    spin_unlock(&listener->lock);
}

bool listener_is_ready(const struct tcp_listener *listener)
{
    /* A hint: who acts on it takes the lock. */
    return __atomic_load_n(&listener->accept_count, __ATOMIC_RELAXED) > 0;
}

u32 listener_queued(const struct tcp_listener *listener)
{
    return __atomic_load_n(&listener->accept_count, __ATOMIC_RELAXED); /* Likewise. */
}

/*
 * Whoever closes it changes the owner's state first and then empties the lists under our lock: what
 * is added by who saw the old state, with the lock held, is still found. It may be opened again.
 */
static bool is_open(const struct tcp_listener *listener) HOLDS(&listener->lock)
{
    return __atomic_load_n(&listener->owner->state, __ATOMIC_RELAXED) == TCP_LISTEN;
}

/* ---- Requests. ---- */

static void synack_header(const struct tcp *owner, const struct tcp_tuple *tuple,
                          const struct tcp_handshake *handshake, u64 now_ns,
                          struct tcp_header *header)
{
    u32 mtu = ipv4_mtu(tuple->remote_ip);
    u32 limit = tcp_settings_of(owner)->max_segment;

    mem_zero(header, sizeof(*header));
    header->seq = handshake->iss;
    header->ack = handshake->irs + 1;
    header->flags = TCP_SYN | TCP_ACK;
    header->window = (u16)u32_min(owner->rcv_wnd_max, 0xffff);
    header->mss = (u16)u32_min(u32_max(mtu, IPV4_MTU_MIN) - IPV4_HEADER_SIZE - TCP_HEADER_SIZE,
                               limit != 0 ? limit : TCP_MSS_WIRE_MAX);
    header->has_wscale = handshake->wscale;
    header->wscale = TCP_WSCALE;
    header->sack_permitted = handshake->sack;
    header->has_timestamp = handshake->timestamps;
    header->ts_value = tcp_clock_ms(now_ns) + tcp_timestamp_offset(tuple);
    header->ts_echo = handshake->ts_recent;
}

static void synack_send(const struct tcp_request *request, u64 now_ns)
{
    struct tcp_header header;

    synack_header(request->owner, &request->node.tuple, &request->handshake, now_ns, &header);
    segment_send_bare(&request->node.tuple, &header, tcp_settings_of(request->owner)->tos);
}

/* Off the listener, with the list's reference the caller's. False when it was off already. */
static bool request_unlink(struct tcp_listener *listener, struct tcp_request *request)
    HOLDS(&listener->lock)
{
    if (!list_is_linked(&request->link))
        return false;
    list_remove(&request->link);
    listener->request_count--;
    if (net_timer_cancel(&request->timer))
        tcp_node_put(&request->node); /* The timer's; the list's is still there. */
    return true;
}

static void request_drop(struct tcp_listener *listener, struct tcp_request *request)
    HOLDS(&listener->lock)
{
    if (!request_unlink(listener, request))
        return;
    (void)tcp_table_remove(&request->node);
    tcp_node_put(&request->node);
}

static void request_timer_arm(struct tcp_request *request, u64 now_ns)
{
    u64 delay = u64_min(TCP_RTO_INITIAL_NS << request->tries, TCP_RTO_MAX_NS);

    if (net_timer_arm(&request->timer, now_ns + delay))
        tcp_node_get(&request->node);
}

static void request_timer_fn(struct net_timer *timer)
{
    struct tcp_request *request = CONTAINER_OF(timer, struct tcp_request, timer);
    struct tcp_listener *listener = request->owner->listener;
    u64 now_ns = clock_now_ns();

    spin_lock(&listener->lock);
    if (list_is_linked(&request->link)) {
        request->tries++;
        if (request->tries > TCP_SYNACK_RETRIES) {
            request_drop(listener, request);
        } else {
            request_timer_arm(request, now_ns);
            synack_send(request, now_ns);
        }
    }
    spin_unlock(&listener->lock);
    tcp_node_put(&request->node);
}

static void handshake_take(struct tcp_handshake *handshake, const struct tcp_header *header)
{
    *handshake = (struct tcp_handshake){
        .irs = header->seq,
        .mss_peer = header->mss != 0 ? header->mss : TCP_MSS_DEFAULT,
        .snd_wscale = header->has_wscale ? header->wscale : 0,
        .timestamps = header->has_timestamp,
        .ts_recent = header->ts_value,
        .sack = header->sack_permitted,
        .wscale = header->has_wscale,
    };
}

static void cookie_answer(struct tcp_listener *listener, const struct tcp_segment *segment,
                          struct tcp_handshake *handshake) HOLDS(&listener->lock)
{
    struct tcp_header header;

    listener->cookie_ns = segment->now_ns;
    if (!handshake->timestamps) { /* Nowhere to keep them. */
        handshake->sack = false;
        handshake->wscale = false;
    }
    handshake->iss =
        cookie_seq(&segment->tuple, handshake->irs, handshake->mss_peer, segment->now_ns);
    synack_header(listener->owner, &segment->tuple, handshake, segment->now_ns, &header);
    header.ts_value = cookie_timestamp(&segment->tuple, handshake, segment->now_ns);
    tcp_tally(&tcp_counters.cookies_sent);
    segment_send_bare(&segment->tuple, &header, 0);
}

static struct tcp_request *request_create(struct tcp_listener *listener,
                                          const struct tcp_segment *segment)
{
    struct tcp_request *request = slab_alloc(cache);

    if (!request)
        return NULL;
    mem_zero(request, sizeof(*request));
    request->node.refs = 1;
    request->node.kind = TCP_NODE_REQUEST;
    request->node.tuple = segment->tuple;
    request->owner = tcp_get(listener->owner);
    request->started_ns = segment->now_ns;
    list_init(&request->link);
    net_timer_init(&request->timer, request_timer_fn);
    return request;
}

static void syn_input(struct tcp_listener *listener, const struct tcp_segment *segment, u32 iss_min)
    HOLDS(&listener->lock)
{
    struct tcp_handshake handshake;
    struct tcp_request *request;

    if (listener->accept_count >= listener->backlog) {
        tcp_tally(&tcp_counters.listen_overflows);
        return;
    }
    handshake_take(&handshake, &segment->header);
    request =
        listener->request_count < listener->backlog ? request_create(listener, segment) : NULL;
    if (!request) {
        cookie_answer(listener, segment, &handshake);
        return;
    }
    handshake.iss = tcp_initial_seq(&segment->tuple, segment->now_ns);
    if (iss_min != 0 && !seq_after(handshake.iss, iss_min))
        handshake.iss = iss_min;
    request->handshake = handshake;
    if (tcp_table_insert(&request->node) == 0) {
        tcp_node_get(&request->node);
        list_push_back(&listener->requests, &request->link);
        listener->request_count++;
        request_timer_arm(request, segment->now_ns);
        synack_send(request, segment->now_ns);
    }
    tcp_node_put(&request->node);
}

/* ---- From a handshake to a connection. ---- */

/* Options are taken over as they are now; one changed at this moment counts, or does not. */
static bool settings_inherit(struct tcp *tcp, const struct tcp *owner)
{
    const u32 inherited = TCP_F_NODELAY | TCP_F_KEEPALIVE | TCP_F_REUSEADDR | TCP_F_REUSEPORT |
                          TCP_F_SNDBUF_LOCKED | TCP_F_RCVBUF_LOCKED;

    if (owner->settings) {
        if (!tcp_settings_own(tcp))
            return false;
        *tcp->settings = *owner->settings;
    }
    tcp->flags |= owner->flags & inherited;
    tcp->sndbuf = owner->sndbuf;
    tcp->rcvbuf = owner->rcvbuf;
    tcp->rcv_wnd_max = owner->rcv_wnd_max;
    return true;
}

static void handshake_apply(struct tcp *tcp, const struct tcp_handshake *handshake)
{
    tcp->snd_una = handshake->iss + 1;
    tcp->snd_nxt = tcp->snd_una;
    tcp->snd_end = tcp->snd_una;
    tcp->rcv_nxt = handshake->irs + 1;
    tcp->rcv_acked = tcp->rcv_nxt;
    tcp->rcv_adv = tcp->rcv_nxt + u32_min(tcp->rcv_wnd_max, 0xffff);
    tcp->snd_wl1 = handshake->irs;
    tcp->mss_peer = handshake->mss_peer;
    if (handshake->timestamps)
        tcp->flags |= TCP_F_TIMESTAMPS;
    tcp->ts_recent = handshake->ts_recent;
    tcp->ts_recent_at = tcp_coarse(tcp->now_ns);
    if (handshake->sack)
        tcp->flags |= TCP_F_SACK;
    if (handshake->wscale) {
        tcp->flags |= TCP_F_WSCALE;
        tcp->snd_wscale = handshake->snd_wscale;
        tcp->rcv_wscale = TCP_WSCALE;
    }
}

/*
 * An established connection that nobody else knows yet, hence no lock. NULL when memory is out, or
 * there is no way back. `retransmits`: how often the SYN-ACK was sent again.
 */
static struct tcp *child_create(const struct tcp *owner, const struct tcp_segment *segment,
                                const struct tcp_handshake *handshake, u32 retransmits)
{
    struct tcp *tcp = connection_create();

    if (!tcp)
        return NULL;
    tcp->node.tuple = segment->tuple;
    tcp->now_ns = segment->now_ns;
    tcp->ts_offset = tcp_timestamp_offset(&segment->tuple);
    handshake_apply(tcp, handshake);
    if (!settings_inherit(tcp, owner) || connection_route(tcp) < 0) {
        connection_put(tcp);
        return NULL;
    }
    tcp->retransmits = (u8)u32_min(retransmits, UINT8_MAX);
    connection_established(tcp);
    return tcp;
}

static void child_queue(struct tcp_listener *listener, struct tcp *tcp) HOLDS(&listener->lock)
{
    list_push_back(&listener->accepted, &tcp_get(tcp)->bind_link);
    listener->accept_count++;
    net_count(NET_TCP_PASSIVE_OPENS);
}

/* The rest of the segment that completed the handshake, then the news. Puts `tcp`. No lock held. */
static void child_input(struct tcp *owner, struct tcp *tcp, struct tcp_segment *segment,
                        struct netbuf *buf)
{
    connection_lock(tcp);
    if (tcp->state != TCP_CLOSED)
        connection_window_update(tcp, segment);
    connection_input(tcp, segment, buf);
    connection_unlock(tcp);
    connection_put(tcp);

    spin_lock(&owner->lock);
    connection_notify(owner, POLLIN | POLLRDNORM);
    spin_unlock(&owner->lock);
}

/* The ACK of a request. The new connection, with a reference; NULL: try again later. */
static struct tcp *request_establish(struct tcp_listener *listener, struct tcp_request *request,
                                     const struct tcp_segment *segment) HOLDS(&listener->lock)
{
    struct tcp *tcp;

    if (listener->accept_count >= listener->backlog) {
        tcp_tally(&tcp_counters.listen_overflows);
        return NULL;
    }
    tcp = child_create(listener->owner, segment, &request->handshake, request->tries);
    if (!tcp)
        return NULL;
    if (request->tries == 0)
        connection_rtt_sample(tcp, (u32)((segment->now_ns - request->started_ns) / NS_PER_US));
    if (!tcp_table_replace(&request->node, &tcp->node)) {
        connection_put(tcp);
        return NULL;
    }
    child_queue(listener, tcp);
    (void)request_unlink(listener, request);
    tcp_node_put(&request->node); /* The list's; the caller of request_input() has one. */
    return tcp;
}

/* True when the segment is the ACK that a request waits for. */
static bool request_check(struct tcp_listener *listener, struct tcp_request *request,
                          const struct tcp_segment *segment) HOLDS(&listener->lock)
{
    const struct tcp_handshake *handshake = &request->handshake;
    const struct tcp_header *header = &segment->header;
    u16 defer_s = tcp_settings_of(listener->owner)->defer_accept_s;

    if (header->flags & TCP_RST) {
        if (segment->seq == handshake->irs + 1)
            request_drop(listener, request);
        return false;
    }
    if (header->flags & TCP_SYN) {
        if (segment->seq == handshake->irs && !(header->flags & TCP_ACK))
            synack_send(request, segment->now_ns);
        return false;
    }
    if (!(header->flags & TCP_ACK))
        return false;
    if (header->ack != handshake->iss + 1) {
        segment_send_refusal(segment);
        return false;
    }
    if (handshake->timestamps && header->has_timestamp &&
        (s32)(header->ts_value - handshake->ts_recent) < 0)
        return false;
    if (segment->seq - (handshake->irs + 1) > 0xffff)
        return false;
    /* TCP_DEFER_ACCEPT: not before there is something to read. */
    return segment->len > 0 || (header->flags & TCP_FIN) || defer_s == 0 ||
           segment->now_ns - request->started_ns >= defer_s * NS_PER_SECOND;
}

void request_input(struct tcp_node *node, struct tcp_segment *segment, struct netbuf *buf)
{
    struct tcp_request *request = request_of(node);
    struct tcp_listener *listener = request->owner->listener;
    struct tcp *tcp = NULL;

    segment->now_ns = clock_now_ns();
    spin_lock(&listener->lock);
    if (list_is_linked(&request->link) && request_check(listener, request, segment))
        tcp = request_establish(listener, request, segment);
    spin_unlock(&listener->lock);
    if (tcp) {
        child_input(request->owner, tcp, segment, buf);
    } else {
        netbuf_destroy(buf);
    }
}

/* An ACK for which there is no request: of a cookie, perhaps. As request_establish(). */
static struct tcp *cookie_establish(struct tcp_listener *listener,
                                    const struct tcp_segment *segment) HOLDS(&listener->lock)
{
    struct tcp_handshake handshake;
    struct tcp *tcp;

    if (listener->cookie_ns == 0 || segment->now_ns - listener->cookie_ns > COOKIE_TIME_NS ||
        !cookie_check(segment, &handshake)) {
        segment_send_refusal(segment);
        return NULL;
    }
    if (listener->accept_count >= listener->backlog) {
        tcp_tally(&tcp_counters.listen_overflows);
        return NULL;
    }
    tcp = child_create(listener->owner, segment, &handshake, 0);
    if (!tcp)
        return NULL;
    if (tcp_table_insert(&tcp->node) < 0) {
        connection_put(tcp);
        return NULL;
    }
    tcp_tally(&tcp_counters.cookies_accepted);
    child_queue(listener, tcp);
    return tcp;
}

void listener_input(struct tcp *owner, struct tcp_segment *segment, struct netbuf *buf, u32 iss_min)
{
    struct tcp_listener *listener = owner->listener;
    u8 flags = segment->header.flags;
    struct tcp *tcp = NULL;

    segment->now_ns = clock_now_ns();
    spin_lock(&listener->lock);
    if (is_open(listener) && !(flags & TCP_RST)) {
        if (flags & TCP_ACK && flags & TCP_SYN) {
            segment_send_refusal(segment);
        } else if (flags & TCP_ACK) {
            tcp = cookie_establish(listener, segment);
        } else if (flags & TCP_SYN) {
            syn_input(listener, segment, iss_min);
        }
    }
    spin_unlock(&listener->lock);
    if (tcp) {
        child_input(owner, tcp, segment, buf);
    } else {
        netbuf_destroy(buf);
    }
}

/* ---- The owner's side. ---- */

struct tcp *listener_accept(struct tcp_listener *listener)
{
    struct list *link;

    spin_lock(&listener->lock);
    link = list_pop_front(&listener->accepted);
    if (link)
        listener->accept_count--;
    spin_unlock(&listener->lock);
    return link ? LIST_ENTRY(link, struct tcp, bind_link) : NULL;
}

static void requests_drop(struct tcp_listener *listener)
{
    spin_lock(&listener->lock);
    while (!list_is_empty(&listener->requests))
        request_drop(listener, LIST_ENTRY(listener->requests.next, struct tcp_request, link));
    spin_unlock(&listener->lock);
}

void listener_close(struct tcp_listener *listener)
{
    struct tcp *tcp;

    requests_drop(listener);
    tcp = listener_accept(listener);
    while (tcp) {
        tcp_close(tcp, true);
        connection_put(tcp);
        tcp = listener_accept(listener);
    }
}
