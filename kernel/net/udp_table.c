/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which socket a datagram is for.
 *
 * Every bound socket is in a table by its port; one that is connected also in a table by both
 * addresses, which is asked first. In a port's list those without a peer come first, so looking for
 * one costs the same however many connected sockets share the port.
 *
 * Buckets are guarded by a few locks, each for every 16th bucket; growing takes all of them.
 */
#include "abi/linux/errors.h"
#include "kernel/core/entropy.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/net/udp_internal.h"
#include "lib/base/list.h"
#include "lib/base/types.h"
#include "lib/hash/fold.h"

enum {
    STRIPES = 16,
    BUCKETS_FIRST = 64,
    BUCKETS_MAX = 65536,
};

struct table {
    struct spinlock locks[STRIPES];
    struct list *buckets; /* Under any lock to read, all to replace. */
    u32 mask;             /* Likewise. */
    u32 count;            /* [atomic] */
};

static struct table by_port;
static struct table by_peer;
static struct foldhash_key key; /* [const] */

static u32 port_hash(u16 port)
{
    return port; /* Chosen by us, or all the same: nothing to gain for a stranger. */
}

static u32 peer_hash(struct inet_address local, struct inet_address remote)
{
    u32 words[3] = { local.ip, remote.ip, (u32)local.port << 16 | remote.port };

    return (u32)foldhash(&key, words, sizeof(words));
}

static struct list *bucket_lock(struct table *table, u32 hash) LOCK_INTERNALS
{
    spin_lock(&table->locks[hash % STRIPES]);
    return &table->buckets[hash & table->mask];
}

static void bucket_unlock(struct table *table, u32 hash) LOCK_INTERNALS
{
    spin_unlock(&table->locks[hash % STRIPES]);
}

static bool table_open(struct table *table)
{
    for (u32 i = 0; i < STRIPES; i++)
        spinlock_init(&table->locks[i], LOCK_RANK_NET_TABLE);
    table->buckets = heap_alloc_array(BUCKETS_FIRST, sizeof(struct list));
    if (!table->buckets)
        return false;
    for (u32 i = 0; i < BUCKETS_FIRST; i++)
        list_init(&table->buckets[i]);
    table->mask = BUCKETS_FIRST - 1;
    table->count = 0;
    return true;
}

/* Moves everything over; `hash_of` says where to. Order within a bucket stays. */
static void table_move(struct table *table, struct list *buckets, u32 mask,
                       u32 (*hash_of)(struct list *node))
{
    for (u32 i = 0; i <= table->mask; i++) {
        struct list *node = list_pop_front(&table->buckets[i]);

        while (node) {
            list_push_back(&buckets[hash_of(node) & mask], node);
            node = list_pop_front(&table->buckets[i]);
        }
    }
}

/* Makes the table larger when it is crowded. When memory is out it stays as it is, only slower. */
static void table_grow(struct table *table, u32 (*hash_of)(struct list *node)) LOCK_INTERNALS
{
    u32 size = (__atomic_load_n(&table->mask, __ATOMIC_RELAXED) + 1) * 4;
    struct list *old = NULL;
    struct list *buckets;

    if (__atomic_load_n(&table->count, __ATOMIC_RELAXED) < size / 2 || size > BUCKETS_MAX)
        return;
    buckets = heap_alloc_array(size, sizeof(struct list));
    if (!buckets)
        return;
    for (u32 i = 0; i < size; i++)
        list_init(&buckets[i]);
    for (u32 i = 0; i < STRIPES; i++)
        spin_lock_nested(&table->locks[i]);
    if (size > table->mask + 1) {
        table_move(table, buckets, size - 1, hash_of);
        old = table->buckets;
        table->buckets = buckets;
        table->mask = size - 1;
        buckets = NULL;
    }
    for (u32 i = STRIPES; i > 0; i--)
        spin_unlock(&table->locks[i - 1]);
    heap_free(old);
    heap_free(buckets);
}

static u32 hash_of_port_node(struct list *node)
{
    return port_hash(LIST_ENTRY(node, struct udp, port_link)->local.port);
}

static u32 hash_of_peer_node(struct list *node)
{
    const struct udp *udp = LIST_ENTRY(node, struct udp, peer_link);

    return peer_hash(udp->local, udp->remote);
}

/* Linux' rule: two may share if both allow it, or if they are bound to different addresses. */
static bool conflicts(const struct udp *udp, const struct udp *other, struct inet_address local)
{
    if (other->local.port != local.port)
        return false;
    if (other->local.ip != 0 && local.ip != 0 && other->local.ip != local.ip)
        return false;
    return !(udp->reuse_addr && other->reuse_addr) && !(udp->reuse_port && other->reuse_port);
}

static bool bind_to(struct udp *udp, struct inet_address local, bool only_if_unused)
{
    u32 hash = port_hash(local.port);
    struct list *bucket = bucket_lock(&by_port, hash);
    struct list *node;
    bool free = true;

    LIST_FOR_EACH (bucket, node) {
        const struct udp *other = LIST_ENTRY(node, struct udp, port_link);

        if (conflicts(udp, other, local) || (only_if_unused && other->local.port == local.port)) {
            free = false;
            break;
        }
    }
    if (free) {
        udp->local = local;
        list_push_front(bucket, &udp->port_link);
    }
    bucket_unlock(&by_port, hash);
    if (free)
        __atomic_fetch_add(&by_port.count, 1, __ATOMIC_RELAXED);
    return free;
}

int udp_table_bind(struct udp *udp, struct inet_address local)
{
    u32 range = UDP_PORT_LAST - UDP_PORT_FIRST + 1;
    u32 start = (u32)random_below(range);
    bool bound = false;

    table_grow(&by_port, hash_of_port_node);
    if (local.port != 0) {
        bound = bind_to(udp, local, false);
    } else {
        for (u32 i = 0; i < range && !bound; i++) {
            local.port = (u16)(UDP_PORT_FIRST + (start + i) % range);
            bound = bind_to(udp, local, true);
        }
    }
    return bound ? 0 : -EADDRINUSE;
}

static void peer_remove(struct udp *udp)
{
    u32 hash = peer_hash(udp->local, udp->remote);

    if (udp->remote.port == 0)
        return;
    (void)bucket_lock(&by_peer, hash);
    list_remove(&udp->peer_link);
    bucket_unlock(&by_peer, hash);
    __atomic_fetch_sub(&by_peer.count, 1, __ATOMIC_RELAXED);
}

void udp_table_connect(struct udp *udp, struct inet_address local, struct inet_address remote)
{
    u32 hash = port_hash(local.port);
    struct list *bucket;

    peer_remove(udp);
    bucket = bucket_lock(&by_port, hash);
    list_remove(&udp->port_link);
    udp->local = local;
    udp->remote = remote;
    if (remote.port != 0) {
        list_push_back(bucket, &udp->port_link);
    } else {
        list_push_front(bucket, &udp->port_link);
    }
    bucket_unlock(&by_port, hash);
    if (remote.port == 0)
        return;
    table_grow(&by_peer, hash_of_peer_node);
    hash = peer_hash(local, remote);
    bucket = bucket_lock(&by_peer, hash);
    list_push_back(bucket, &udp->peer_link);
    bucket_unlock(&by_peer, hash);
    __atomic_fetch_add(&by_peer.count, 1, __ATOMIC_RELAXED);
}

void udp_table_remove(struct udp *udp)
{
    u32 hash = port_hash(udp->local.port);

    if (udp->local.port == 0)
        return;
    peer_remove(udp);
    (void)bucket_lock(&by_port, hash);
    list_remove(&udp->port_link);
    bucket_unlock(&by_port, hash);
    __atomic_fetch_sub(&by_port.count, 1, __ATOMIC_RELAXED);
}

static struct udp *get(struct udp *udp)
{
    __atomic_fetch_add(&udp->refs, 1, __ATOMIC_RELAXED); /* The table holds it: it is not 0. */
    return udp;
}

static struct udp *find_peer(struct inet_address local, struct inet_address remote)
{
    u32 hash = peer_hash(local, remote);
    struct list *bucket = bucket_lock(&by_peer, hash);
    struct udp *found = NULL;
    struct list *node;

    LIST_FOR_EACH (bucket, node) {
        struct udp *udp = LIST_ENTRY(node, struct udp, peer_link);

        if (udp->local.ip == local.ip && udp->local.port == local.port &&
            udp->remote.ip == remote.ip && udp->remote.port == remote.port) {
            found = get(udp);
            break;
        }
    }
    bucket_unlock(&by_peer, hash);
    return found;
}

/*
 * True for one flow in `count`; independent for each count. The n-th of n so replaces the choice.
 */
static bool draws(u32 flow, u32 count)
{
    u64 mixed = ((u64)flow << 32 | count) * 0x9e3779b97f4a7c15;

    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
    return (mixed >> 32) % count == 0;
}

/*
 * The best of those without a peer: one bound to the address rather than to all. Of several alike
 * (SO_REUSEPORT) the flow's hash picks one, the same for all datagrams of a flow.
 */
static struct udp *find_port(struct inet_address local, u32 flow)
{
    u32 hash = port_hash(local.port);
    struct list *bucket = bucket_lock(&by_port, hash);
    struct udp *found = NULL;
    bool found_exact = false;
    u32 alike = 0;
    struct list *node;

    LIST_FOR_EACH (bucket, node) {
        struct udp *udp = LIST_ENTRY(node, struct udp, port_link);
        bool exact = udp->local.ip == local.ip;

        if (udp->remote.port != 0)
            break;
        if (udp->local.port != local.port || (!exact && (udp->local.ip != 0 || found_exact)))
            continue;
        if (exact != found_exact)
            alike = 0;
        alike++;
        if (alike == 1 || (udp->reuse_port && draws(flow, alike)))
            found = udp;
        found_exact = exact;
    }
    if (found)
        get(found);
    bucket_unlock(&by_port, hash);
    return found;
}

struct udp *udp_table_find(struct inet_address local, struct inet_address remote)
{
    struct udp *udp = NULL;

    if (__atomic_load_n(&by_peer.count, __ATOMIC_RELAXED) != 0)
        udp = find_peer(local, remote);
    return udp ? udp : find_port(local, peer_hash(local, remote));
}

void udp_table_each(struct inet_address local, struct inet_address remote,
                    bool (*visit)(void *arg, struct udp *udp), void *arg)
{
    u32 hash = port_hash(local.port);
    struct list *bucket = bucket_lock(&by_port, hash);
    struct list *node;

    LIST_FOR_EACH (bucket, node) {
        struct udp *udp = LIST_ENTRY(node, struct udp, port_link);

        if (udp->local.port != local.port || (udp->local.ip != 0 && udp->local.ip != local.ip))
            continue;
        if (udp->remote.port != 0 &&
            (udp->remote.port != remote.port || udp->remote.ip != remote.ip))
            continue;
        if (!visit(arg, udp))
            break;
    }
    bucket_unlock(&by_port, hash);
}

void udp_table_visit_all(void (*visit)(void *arg, struct udp *udp), void *arg)
{
    /* Buckets that are added meanwhile may be visited or not. */
    for (u32 i = 0; i <= __atomic_load_n(&by_port.mask, __ATOMIC_RELAXED); i++) {
        struct list *bucket = bucket_lock(&by_port, i);
        struct list *node;

        LIST_FOR_EACH (bucket, node)
            visit(arg, LIST_ENTRY(node, struct udp, port_link));
        bucket_unlock(&by_port, i);
    }
}

void udp_table_init(void)
{
    random_bytes(&key, sizeof(key));
    if (!table_open(&by_port) || !table_open(&by_peer))
        panic("udp: no memory at boot");
}
