/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments become datagrams. See reassembly.h. */
#include "kernel/net/reassembly.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/timer_wheel.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

enum {
    BUCKETS = 64,
    /* What a small fragment may keep from use: the struct, and a receive buffer. */
    FRAGMENT_OVERHEAD = 2560,
};

/* A datagram under way. Fragments are kept in `fragments` by offset: cb[0] is it, cb[1] the end. */
struct queue {
    struct list bucket_link;
    struct list age_link; /* Oldest first. */
    u32 source, destination;
    u16 id;
    u8 protocol;
    bool spoiled; /* Something overlapped: what still comes is ignored. */
    u32 total;    /* Bytes of payload in all; 0 while the last fragment is missing. */
    u32 have;     /* Bytes of payload here. */
    u32 fragment_count;
    u32 bytes; /* Charged to `bytes_total`. */
    struct list fragments;
    struct netbuf *first; /* The one with offset 0: its IP header is that of the whole. */
    struct net_timer timer;
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_NET_TABLE); /* All below. */
static struct list buckets[BUCKETS];
static struct list by_age = LIST_INIT(by_age);
static struct list spare = LIST_INIT(spare); /* Queues not in use, by age_link. */
static u32 queue_count;
static u32 bytes_total;
static struct siphash_key key; /* [const] */

static struct list *bucket_of(const struct ipv4_header *header)
{
    u32 words[3] = { header->source, header->destination, (u32)header->id << 8 | header->protocol };

    return &buckets[siphash(&key, words, sizeof(words)) % BUCKETS];
}

static struct queue *find_locked(const struct ipv4_header *header)
{
    struct list *bucket = bucket_of(header);
    struct list *node;

    LIST_FOR_EACH (bucket, node) {
        struct queue *queue = LIST_ENTRY(node, struct queue, bucket_link);

        if (queue->source == header->source && queue->destination == header->destination &&
            queue->id == header->id && queue->protocol == header->protocol)
            return queue;
    }
    return NULL;
}

static void drop_fragments_locked(struct queue *queue)
{
    netbuf_destroy_list(&queue->fragments);
    bytes_total -= queue->bytes;
    queue->bytes = 0;
    queue->first = NULL;
    queue->fragment_count = 0;
}

/* Its memory is kept for the next one: a timer of it may be about to run. */
static void free_locked(struct queue *queue)
{
    drop_fragments_locked(queue);
    net_timer_cancel(&queue->timer);
    list_remove(&queue->bucket_link);
    list_remove(&queue->age_link);
    list_push_back(&spare, &queue->age_link);
    queue_count--;
}

static void drop_oldest_locked(void)
{
    free_locked(LIST_ENTRY(by_age.next, struct queue, age_link));
    net_count(NET_IP_REASM_FAILS);
}

static void timed_out(struct net_timer *timer)
{
    struct queue *queue = CONTAINER_OF(timer, struct queue, timer);

    spin_lock(&lock);
    /* Not armed and in use: nobody made something else of it since it fired. */
    if (!net_timer_is_armed(timer) && list_is_linked(&queue->bucket_link)) {
        free_locked(queue);
        net_count(NET_IP_REASM_TIMEOUT);
        net_count(NET_IP_REASM_FAILS);
    }
    spin_unlock(&lock);
}

static struct queue *take_spare_locked(void)
{
    struct list *node = list_pop_front(&spare);
    struct queue *queue;

    if (node)
        return LIST_ENTRY(node, struct queue, age_link);
    queue = heap_alloc_zero(sizeof(*queue));
    if (!queue)
        return NULL;
    list_init(&queue->bucket_link);
    list_init(&queue->age_link);
    list_init(&queue->fragments);
    net_timer_init(&queue->timer, timed_out);
    return queue;
}

static struct queue *create_locked(const struct ipv4_header *header)
{
    struct queue *queue;

    if (queue_count >= REASSEMBLY_QUEUES_MAX)
        drop_oldest_locked();
    queue = take_spare_locked();
    if (!queue)
        return NULL;
    queue->source = header->source;
    queue->destination = header->destination;
    queue->id = header->id;
    queue->protocol = header->protocol;
    queue->spoiled = false;
    queue->total = 0;
    queue->have = 0;
    list_push_back(bucket_of(header), &queue->bucket_link);
    list_push_back(&by_age, &queue->age_link);
    net_timer_arm(&queue->timer, clock_deadline(REASSEMBLY_TIMEOUT_S * NS_PER_SECOND));
    queue_count++;
    return queue;
}

enum verdict {
    TAKEN,
    REPEATED,
    SPOILED,
};

/* Finds where [start, end) belongs: `*before` is the fragment it follows, or the list's head. */
static enum verdict place_locked(struct queue *queue, u32 start, u32 end, struct list **before)
{
    struct list *node;

    *before = queue->fragments.prev;
    for (node = queue->fragments.prev; node != &queue->fragments; node = node->prev) {
        const struct netbuf *other = LIST_ENTRY(node, struct netbuf, link);

        *before = node;
        if (other->cb[0] == start && other->cb[1] == end)
            return REPEATED;
        if (other->cb[1] <= start)
            return TAKEN;
        if (other->cb[0] < end)
            return SPOILED;
        *before = node->prev;
    }
    return TAKEN;
}

static enum verdict insert_locked(struct queue *queue, struct netbuf *buf,
                                  const struct ipv4_header *header)
{
    u32 start = header->fragment_off;
    u32 end = start + buf->len - header->header_len;
    enum verdict verdict;
    struct list *before;

    if (queue->total != 0 &&
        (end > queue->total || (!header->more_fragments && end != queue->total)))
        return SPOILED;
    verdict = place_locked(queue, start, end, &before);
    if (verdict != TAKEN)
        return verdict;
    if (!header->more_fragments) {
        /* Nothing that is here already may lie beyond the end. */
        if (before != queue->fragments.prev)
            return SPOILED;
        queue->total = end;
    }
    if (++queue->fragment_count > REASSEMBLY_FRAGMENTS_MAX)
        return SPOILED;
    buf->cb[0] = start;
    buf->cb[1] = end;
    buf->cb[2] = header->header_len;
    list_insert_after(before, &buf->link);
    queue->have += end - start;
    queue->bytes += buf->len + FRAGMENT_OVERHEAD;
    bytes_total += buf->len + FRAGMENT_OVERHEAD;
    if (start == 0)
        queue->first = buf;
    return TAKEN;
}

/* Appends a copy of [off, off + len) of `from`, page after page. */
static bool append_part(struct netbuf *to, const struct netbuf *from, u32 off, u32 len, u32 *room)
{
    while (len > 0) {
        struct netfrag *last;
        u32 part;

        if (*room == 0) {
            struct page *page = page_alloc(0, 0);

            if (!page)
                return false;
            if (!netbuf_add_frag(to, page, 0, 0)) {
                page_put(page);
                return false;
            }
            *room = PAGE_SIZE;
        }
        last = &to->frags[to->frag_count - 1];
        part = u32_min(len, *room);
        if (!netbuf_read(from, off, netfrag_virt(last) + last->len, part))
            return false;
        last->len += part;
        to->len += part;
        *room -= part;
        off += part;
        len -= part;
    }
    return true;
}

/* One packet of all fragments. It is copied: this is the rare way, and pieces may be tiny. */
static struct netbuf *join_locked(struct queue *queue)
{
    struct netbuf *whole = netbuf_create();
    const struct netbuf *first = queue->first;
    u32 room = 0;
    struct list *node;
    bool ok;

    if (!whole)
        return NULL;
    ok = append_part(whole, first, 0, first->cb[2], &room);
    LIST_FOR_EACH (&queue->fragments, node) {
        const struct netbuf *buf = LIST_ENTRY(node, struct netbuf, link);

        ok = ok && append_part(whole, buf, buf->cb[2], buf->len - buf->cb[2], &room);
    }
    if (!ok) {
        netbuf_destroy(whole);
        return NULL;
    }
    whole->netdev = first->netdev;
    whole->flags = first->flags & (NETBUF_BROADCAST | NETBUF_LOOPBACK);
    return whole;
}

static struct netbuf *add_locked(struct netbuf *buf, const struct ipv4_header *header)
{
    struct queue *queue = find_locked(header);
    struct netbuf *whole = NULL;
    enum verdict verdict;

    if (!queue)
        queue = create_locked(header);
    if (!queue || queue->spoiled) {
        netbuf_destroy(buf);
        return NULL;
    }
    verdict = insert_locked(queue, buf, header);
    if (verdict != TAKEN)
        netbuf_destroy(buf);
    if (verdict == SPOILED) {
        queue->spoiled = true; /* Until it times out. */
        drop_fragments_locked(queue);
        net_count(NET_IP_REASM_FAILS);
    }
    if (verdict == TAKEN && queue->total != 0 && queue->have == queue->total) {
        whole = join_locked(queue);
        free_locked(queue);
        net_count(whole ? NET_IP_REASM_OKS : NET_IP_REASM_FAILS);
    }
    while (bytes_total > REASSEMBLY_BYTES_MAX)
        drop_oldest_locked();
    return whole;
}

struct netbuf *reassembly_add(struct netbuf *buf, const struct ipv4_header *header)
{
    u32 len = buf->len - header->header_len;
    struct netbuf *whole;

    net_count(NET_IP_REASM_REQDS);
    /* All but the last carry a multiple of 8; together they are a packet of at most 65,535. */
    if (len == 0 || (header->more_fragments && len % 8 != 0) ||
        header->fragment_off + buf->len > NETBUF_PACKET_MAX) {
        net_count(NET_IP_REASM_FAILS);
        netbuf_destroy(buf);
        return NULL;
    }
    spin_lock(&lock);
    whole = add_locked(buf, header);
    spin_unlock(&lock);
    return whole;
}

u32 reassembly_count(void)
{
    return queue_count;
}

void reassembly_init(void)
{
    random_bytes(&key, sizeof(key));
    for (u32 i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
}
