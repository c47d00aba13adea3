/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local ports: who is bound to which, who listens there, and the choice of free ones (RFC 6056,
 * algorithm 4). Connections that chose a port by connecting are not here: two of them may share a
 * port as long as the peers differ, and the connection table sees to that.
 */
#include "abi/linux/errors.h"
#include "kernel/core/entropy.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/list.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

enum {
    PORT_BUCKETS = 256,
    PORT_FIRST = 32768, /* net.ipv4.ip_local_port_range of Linux. */
    PORT_LAST = 60999,
    PORT_COUNT = PORT_LAST - PORT_FIRST + 1,
    OFFSETS = 64,     /* Counters of algorithm 4. */
    VISIT_BATCH = 32, /* Sockets referenced at a time by tcp_ports_for_each(). */
};

struct port_bucket {
    struct spinlock lock;                /* LOCK_RANK_NET_TABLE. */
    struct list bound GUARDED_BY(&lock); /* struct tcp by bind_link. */
};

static struct port_bucket buckets[PORT_BUCKETS];
static struct siphash_key key; /* [const] after tcp_ports_init() */
static u32 offsets[OFFSETS];   /* [atomic] Relaxed: any value is a good one. */

void tcp_ports_init(void)
{
    random_bytes(&key, sizeof(key));
    for (u32 i = 0; i < OFFSETS; i++)
        offsets[i] = (u32)random_below(PORT_COUNT);
    for (u32 i = 0; i < PORT_BUCKETS; i++) {
        spinlock_init(&buckets[i].lock, LOCK_RANK_NET_TABLE);
        list_init(&buckets[i].bound);
    }
}

static struct port_bucket *bucket_of(u16 port)
{
    return &buckets[port % PORT_BUCKETS];
}

static bool addresses_overlap(const struct tcp *tcp, u32 ip)
{
    return tcp->node.tuple.local_ip == ip || tcp->bound_any || ip == 0;
}

/*
 * The rules of Linux: sockets may share if all say SO_REUSEPORT, or if all say SO_REUSEADDR and
 * none of them listens.
 */
static bool may_share(const struct tcp *tcp, const struct tcp *other, bool to_listen)
{
    if (tcp_has(tcp, TCP_F_REUSEPORT) && tcp_has(other, TCP_F_REUSEPORT))
        return true;
    return tcp_has(tcp, TCP_F_REUSEADDR) && tcp_has(other, TCP_F_REUSEADDR) && !to_listen &&
           other->state != TCP_LISTEN;
}

static bool conflicts(struct port_bucket *bucket, const struct tcp *tcp, u32 ip, u16 port)
    HOLDS(&bucket->lock)
{
    struct list *link;

    LIST_FOR_EACH (&bucket->bound, link) {
        const struct tcp *other = LIST_ENTRY(link, struct tcp, bind_link);

        if (other->bind_port == port && addresses_overlap(other, ip) &&
            !may_share(tcp, other, false))
            return true;
    }
    return false;
}

struct use {
    struct inet_address address;
    u32 flags; /* Of the socket to be bound. */
    bool in_use;
};

static u32 reuse_flags(const struct tcp_node *node)
{
    if (node->kind == TCP_NODE_TIMEWAIT)
        return timewait_reuse_flags(node);
    return CONTAINER_OF((uintptr_t)node, struct tcp, node)->flags;
}

static void use_visit(void *arg, struct tcp_node *node)
{
    struct use *use = arg;

    /* A half-open connection is its listener's, which is in the list of those bound. */
    if (node->kind == TCP_NODE_REQUEST || node->tuple.local_port != use->address.port ||
        (use->address.ip != 0 && use->address.ip != node->tuple.local_ip))
        return;
    if ((use->flags & reuse_flags(node) & (TCP_F_REUSEADDR | TCP_F_REUSEPORT)) == 0)
        use->in_use = true;
}

bool tcp_ports_in_use(const struct tcp *tcp, struct inet_address local)
{
    struct use use = { .address = local, .flags = tcp->flags };

    if (local.port != 0)
        tcp_table_for_each(use_visit, &use);
    return use.in_use;
}

static bool try_bind(struct tcp *tcp, u32 ip, u16 port)
{
    struct port_bucket *bucket = bucket_of(port);
    bool bound;

    spin_lock(&bucket->lock);
    bound = !conflicts(bucket, tcp, ip, port);
    if (bound) {
        tcp->bind_port = port;
        tcp->bound_any = ip == 0;
        tcp->node.tuple.local_ip = ip;
        tcp->node.tuple.local_port = port;
        tcp->flags |= TCP_F_BOUND;
        list_push_back(&bucket->bound, &tcp->bind_link);
    }
    spin_unlock(&bucket->lock);
    return bound;
}

static bool port_is_bound(u16 port)
{
    struct port_bucket *bucket = bucket_of(port);
    struct list *link;
    bool found = false;

    spin_lock(&bucket->lock);
    LIST_FOR_EACH (&bucket->bound, link) {
        if (LIST_ENTRY(link, struct tcp, bind_link)->bind_port == port)
            found = true;
    }
    spin_unlock(&bucket->lock);
    return found;
}

int tcp_ports_bind(struct tcp *tcp, struct inet_address local)
{
    u32 start = (u32)random_below(PORT_COUNT);

    if (local.port != 0)
        return try_bind(tcp, local.ip, local.port) ? 0 : -EADDRINUSE;
    for (u32 i = 0; i < PORT_COUNT; i++) {
        u16 port = (u16)(PORT_FIRST + (start + i) % PORT_COUNT);

        /* One nobody is bound to at all, whatever the options would allow. */
        if (!port_is_bound(port) && try_bind(tcp, local.ip, port))
            return 0;
    }
    return -EADDRINUSE;
}

void tcp_ports_unbind(struct tcp *tcp)
{
    struct port_bucket *bucket;

    if (!tcp_has(tcp, TCP_F_BOUND))
        return;
    bucket = bucket_of(tcp->bind_port);
    spin_lock(&bucket->lock);
    list_remove(&tcp->bind_link);
    tcp->flags &= ~(u32)TCP_F_BOUND;
    spin_unlock(&bucket->lock);
}

int tcp_ports_listen(struct tcp *tcp)
{
    struct port_bucket *bucket = bucket_of(tcp->bind_port);
    struct list *link;
    int err = 0;

    spin_lock(&bucket->lock);
    LIST_FOR_EACH (&bucket->bound, link) {
        const struct tcp *other = LIST_ENTRY(link, struct tcp, bind_link);

        if (other != tcp && other->bind_port == tcp->bind_port && other->state == TCP_LISTEN &&
            addresses_overlap(other, tcp->node.tuple.local_ip) && !may_share(tcp, other, true))
            err = -EADDRINUSE;
    }
    if (err == 0)
        tcp->state = TCP_LISTEN;
    spin_unlock(&bucket->lock);
    return err;
}

/* One try: 0; -EADDRINUSE: the next port may do; other errors are final. */
static int connect_from(struct tcp *tcp, u16 port)
{
    struct tcp_node *node;
    u32 iss_min;
    int err;

    tcp->node.tuple.local_port = port;
    tcp->snd_una = tcp_initial_seq(&tcp->node.tuple, tcp->now_ns);
    err = tcp_table_insert(&tcp->node);
    if (err != -EADDRINUSE)
        return err;

    node = tcp_table_find(&tcp->node.tuple);
    if (!node)
        return tcp_table_insert(&tcp->node);
    if (node->kind == TCP_NODE_TIMEWAIT && timewait_reusable(node, tcp->now_ns, &iss_min) &&
        tcp_table_replace(node, &tcp->node)) {
        timewait_end(node);
        if (!seq_after(tcp->snd_una, iss_min))
            tcp->snd_una = iss_min;
        err = 0;
    }
    tcp_node_put(node);
    return err;
}

static u32 port_offset(const struct tcp_tuple *tuple)
{
    struct tcp_tuple without_port = *tuple;

    without_port.local_port = 0;
    return (u32)siphash(&key, &without_port, sizeof(without_port));
}

int tcp_ports_connect(struct tcp *tcp)
{
    u32 hash;
    u32 *offset;

    if (tcp_has(tcp, TCP_F_BOUND)) {
        int err = connect_from(tcp, tcp->bind_port);

        return err == -EADDRINUSE ? -EADDRNOTAVAIL : err;
    }
    hash = port_offset(&tcp->node.tuple);
    offset = &offsets[hash % OFFSETS];
    for (u32 i = 0; i < PORT_COUNT; i++) {
        u32 next = hash + __atomic_fetch_add(offset, 1, __ATOMIC_RELAXED); /* See `offsets`. */
        u16 port = (u16)(PORT_FIRST + next % PORT_COUNT);
        int err;

        if (port_is_bound(port))
            continue;
        err = connect_from(tcp, port);
        if (err != -EADDRINUSE)
            return err;
    }
    tcp->node.tuple.local_port = 0;
    return -EADDRNOTAVAIL;
}

struct tcp *tcp_ports_find_listener(const struct tcp_tuple *tuple)
{
    struct port_bucket *bucket = bucket_of(tuple->local_port);
    struct tcp *best = NULL;
    struct list *link;
    u32 best_weight = 0;

    spin_lock(&bucket->lock);
    LIST_FOR_EACH (&bucket->bound, link) {
        struct tcp *tcp = LIST_ENTRY(link, struct tcp, bind_link);
        u32 weight;

        if (tcp->bind_port != tuple->local_port || tcp->state != TCP_LISTEN ||
            !(tcp->bound_any || tcp->node.tuple.local_ip == tuple->local_ip))
            continue;
        /* The exact address first; among equals (SO_REUSEPORT) the flow decides, by rendezvous. */
        weight = (tcp_tuple_hash(tuple) ^ (u32)((uintptr_t)tcp >> 4)) * 0x9e3779b1u >> 1;
        weight |= tcp->bound_any ? 0 : 1u << 31;
        if (!best || weight > best_weight) {
            best = tcp;
            best_weight = weight;
        }
    }
    if (best)
        tcp_get(best);
    spin_unlock(&bucket->lock);
    return best;
}

/* References to the next sockets of a bucket behind the first `skip`. */
static u32 bucket_batch(struct port_bucket *bucket, u32 skip, struct tcp **batch)
{
    struct list *link;
    u32 count = 0;

    spin_lock(&bucket->lock);
    LIST_FOR_EACH (&bucket->bound, link) {
        if (skip > 0) {
            skip--;
        } else if (count < VISIT_BATCH) {
            batch[count++] = tcp_get(LIST_ENTRY(link, struct tcp, bind_link));
        }
    }
    spin_unlock(&bucket->lock);
    return count;
}

void tcp_ports_for_each(void (*visit)(void *arg, struct tcp *tcp), void *arg)
{
    struct tcp *batch[VISIT_BATCH];

    for (u32 i = 0; i < PORT_BUCKETS; i++) {
        u32 skip = 0;
        u32 count = bucket_batch(&buckets[i], 0, batch);

        while (count > 0) {
            for (u32 at = 0; at < count; at++) {
                visit(arg, batch[at]);
                connection_put(batch[at]);
            }
            skip += count;
            count = count == VISIT_BATCH ? bucket_batch(&buckets[i], skip, batch) : 0;
        }
    }
}
