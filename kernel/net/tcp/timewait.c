/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TIME-WAIT: a small record in the place of the connection, for 60 seconds. All wait equally long,
 * so they form one queue by expiry and one timer serves them all. When there are too many the
 * oldest goes early, which is better than to refuse new connections.
 */
#include "kernel/core/clock.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "kernel/net/timer_wheel.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    RECORDS_MAX = 32768,
    EXPIRE_BATCH = 64,     /* Records freed before others get the CPU. */
    REUSE_SEQ_GAP = 65537, /* How far behind the old connection's data the new one begins. */
};

struct tcp_timewait {
    struct tcp_node node;
    struct list link; /* In `queue`; under `lock`. */
    u64 expires_ns;   /* Likewise. */
    u64 stamp_ns;     /* When ts_recent was current. */
    u32 rcv_nxt;      /* [const] Like what follows. */
    u32 snd_nxt;
    u32 ts_recent;
    u32 ts_offset;
    u16 window; /* As it was told last. */
    bool timestamps;
    u32 reuse_flags; /* SO_REUSEADDR and SO_REUSEPORT of the connection. */
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_NET_TIMER);
static struct list queue = LIST_INIT(queue); /* Under `lock`. Soonest first. */
static u32 queued;                           /* Likewise. */
static struct net_timer timer;
static struct slab_cache *cache; /* [const] after timewait_init() */

static struct tcp_timewait *record_of(struct tcp_node *node)
{
    return CONTAINER_OF(node, struct tcp_timewait, node);
}

void timewait_free(struct tcp_node *node)
{
    slab_free(cache, record_of(node));
}

u64 timewait_count(void)
{
    u64 count;

    spin_lock(&lock);
    count = queued;
    spin_unlock(&lock);
    return count;
}

struct tcp_node *timewait_create(const struct tcp *tcp)
{
    struct tcp_timewait *record = slab_alloc(cache);

    if (!record)
        return NULL;
    mem_zero(record, sizeof(*record));
    record->node.refs = 1;
    record->node.kind = TCP_NODE_TIMEWAIT;
    record->node.tuple = tcp->node.tuple;
    list_init(&record->link);
    record->rcv_nxt = tcp->rcv_nxt;
    record->snd_nxt = tcp->snd_nxt;
    record->ts_recent = tcp->ts_recent;
    record->stamp_ns = tcp->now_ns - tcp_since_ns(tcp->now_ns, tcp->ts_recent_at);
    record->ts_offset = tcp->ts_offset;
    record->window = (u16)((tcp->rcv_adv - tcp->rcv_nxt) >> tcp->rcv_wscale);
    record->timestamps = tcp_has(tcp, TCP_F_TIMESTAMPS);
    record->reuse_flags = tcp->flags & (TCP_F_REUSEADDR | TCP_F_REUSEPORT);
    return &record->node;
}

/* Off the queue. The queue's reference is the caller's then; false when it was not on it. */
static bool unqueue_locked(struct tcp_timewait *record) HOLDS(&lock)
{
    if (!list_is_linked(&record->link))
        return false;
    list_remove(&record->link);
    queued--;
    return true;
}

void timewait_end(struct tcp_node *node)
{
    struct tcp_timewait *record = record_of(node);
    bool was_queued;

    spin_lock(&lock);
    was_queued = unqueue_locked(record);
    spin_unlock(&lock);
    (void)tcp_table_remove(&record->node);
    if (was_queued)
        tcp_node_put(&record->node);
}

/* The first one, if it is due or there are too many; with the queue's reference. */
static struct tcp_timewait *expired(u64 now_ns)
{
    struct tcp_timewait *record = NULL;

    spin_lock(&lock);
    if (!list_is_empty(&queue)) {
        record = LIST_ENTRY(queue.next, struct tcp_timewait, link);
        if (record->expires_ns <= now_ns || queued > RECORDS_MAX) {
            (void)unqueue_locked(record);
        } else {
            record = NULL;
        }
    }
    spin_unlock(&lock);
    return record;
}

static void expire(u64 now_ns)
{
    for (u32 i = 0; i < EXPIRE_BATCH; i++) {
        struct tcp_timewait *record = expired(now_ns);

        if (!record)
            return;
        (void)tcp_table_remove(&record->node);
        tcp_node_put(&record->node);
    }
}

static void timer_fn(struct net_timer *fired)
{
    u64 now_ns = clock_now_ns();
    u64 next_ns = DEADLINE_NONE;

    expire(now_ns);
    spin_lock(&lock);
    if (!list_is_empty(&queue))
        next_ns = LIST_ENTRY(queue.next, struct tcp_timewait, link)->expires_ns;
    spin_unlock(&lock);
    if (next_ns != DEADLINE_NONE)
        (void)net_timer_arm(fired, next_ns > now_ns ? next_ns : now_ns + NS_PER_MS);
}

void timewait_init(void)
{
    cache = slab_cache_create("tcp_timewait", sizeof(struct tcp_timewait), 0);
    if (!cache)
        panic("tcp: no memory at boot");
    net_timer_init(&timer, timer_fn);
}

void timewait_start(struct tcp_node *node)
{
    struct tcp_timewait *record = record_of(node);
    u64 now_ns = clock_now_ns();
    bool first;

    tcp_node_get(node);
    spin_lock(&lock);
    first = list_is_empty(&queue);
    record->expires_ns = now_ns + TCP_TIME_WAIT_NS;
    list_push_back(&queue, &record->link);
    queued++;
    spin_unlock(&lock);
    if (first)
        (void)net_timer_arm(&timer, record->expires_ns);
    expire(now_ns);
}

static void restart(struct tcp_timewait *record)
{
    u64 expires_ns = clock_now_ns() + TCP_TIME_WAIT_NS;

    spin_lock(&lock);
    if (list_is_linked(&record->link)) {
        record->expires_ns = expires_ns;
        list_remove(&record->link);
        list_push_back(&queue, &record->link);
    }
    spin_unlock(&lock);
}

static void acknowledge(const struct tcp_timewait *record, u64 now_ns)
{
    struct tcp_header header;

    mem_zero(&header, sizeof(header));
    header.seq = record->snd_nxt;
    header.ack = record->rcv_nxt;
    header.flags = TCP_ACK;
    header.window = record->window;
    header.has_timestamp = record->timestamps;
    header.ts_value = tcp_clock_ms(now_ns) + record->ts_offset;
    header.ts_echo = record->ts_recent;
    segment_send_bare(&record->node.tuple, &header, 0);
}

/* RFC 9293 3.10.7.4 and RFC 6191: a SYN that is newer than all that was. */
static bool opens_anew(const struct tcp_timewait *record, const struct tcp_header *header)
{
    if ((header->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
        return false;
    if (record->timestamps && header->has_timestamp) {
        return (s32)(header->ts_value - record->ts_recent) > 0 ||
               (header->ts_value == record->ts_recent && seq_after(header->seq, record->rcv_nxt));
    }
    return seq_after(header->seq, record->rcv_nxt);
}

bool timewait_input(struct tcp_node *node, const struct tcp_segment *segment, u32 *iss_min)
{
    struct tcp_timewait *record = record_of(node);
    const struct tcp_header *header = &segment->header;
    u64 now_ns = clock_now_ns();

    if (opens_anew(record, header)) {
        *iss_min = record->snd_nxt + REUSE_SEQ_GAP;
        timewait_end(node);
        return true;
    }
    if (header->flags & TCP_RST) /* RFC 1337: no assassination. */
        return false;
    if (header->flags & TCP_FIN)
        restart(record);
    if (segment->len > 0 || (header->flags & (TCP_SYN | TCP_FIN)) ||
        segment->seq != record->rcv_nxt)
        acknowledge(record, now_ns);
    return false;
}

bool timewait_reusable(const struct tcp_node *node, u64 now_ns, u32 *iss_min)
{
    const struct tcp_timewait *record = CONTAINER_OF((uintptr_t)node, struct tcp_timewait, node);

    *iss_min = record->snd_nxt + REUSE_SEQ_GAP;
    return record->timestamps && now_ns - record->stamp_ns > NS_PER_SECOND;
}

u32 timewait_reuse_flags(const struct tcp_node *node)
{
    return CONTAINER_OF((uintptr_t)node, struct tcp_timewait, node)->reuse_flags;
}
