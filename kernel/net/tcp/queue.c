/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/net/tcp/queue.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum {
    RING_FIRST = 8,         /* Pieces of the first ring. */
    SHARED_ROOM_MIN = 1024, /* A page with less room left is not shared any more. */
};

/*
 * Where the next small write on this CPU goes when its queue is empty, whoever's it is: a reply
 * need not have a page allocated for it alone. A queue takes the page out while its room is lent.
 */
struct shared_page {
    struct page *page; /* One reference, or NULL. */
    u32 used;
};

static struct shared_page shared_pages[CPUS_MAX]; /* [cpu] With interrupts off. */

static u32 block_size(const struct page *page)
{
    return (u32)PAGE_SIZE << page->order;
}

static u32 capacity_of(const struct tcp_queue *queue)
{
    return 1u << queue->capacity_log2;
}

static struct tcp_piece *piece_at(const struct tcp_queue *queue, u32 index)
{
    struct tcp_piece *base = queue->ring;

    if (!base)
        base = ((struct tcp_queue *)(uintptr_t)queue)->inline_pieces;
    return &base[(queue->head + index) & (capacity_of(queue) - 1)];
}

void tcp_queue_init(struct tcp_queue *queue)
{
    mem_zero(queue, sizeof(*queue));
    queue->capacity_log2 = TCP_QUEUE_INLINE_LOG2;
}

static void page_drop(struct tcp_queue *queue)
{
    if (queue->lent)
        return;
    if (queue->page)
        page_put(queue->page);
    queue->page = NULL;
}

static void ring_drop(struct tcp_queue *queue)
{
    heap_free(queue->ring);
    queue->ring = NULL;
    queue->capacity_log2 = TCP_QUEUE_INLINE_LOG2;
    queue->head = 0;
}

void tcp_queue_clear(struct tcp_queue *queue)
{
    for (u32 i = 0; i < queue->count; i++)
        page_put(piece_at(queue, i)->page);
    queue->count = 0;
    ring_drop(queue);
    page_drop(queue);
}

static __attribute__((noinline)) bool ring_grow(struct tcp_queue *queue)
{
    u32 capacity = queue->ring ? capacity_of(queue) * 2 : RING_FIRST;
    struct tcp_piece *ring;

    if (capacity > TCP_QUEUE_PIECES_MAX)
        return false;
    ring = heap_alloc_array(capacity, sizeof(*ring));
    if (!ring)
        return false;
    for (u32 i = 0; i < queue->count; i++)
        ring[i] = *piece_at(queue, i);
    heap_free(queue->ring);
    queue->ring = ring;
    queue->capacity_log2 = (u8)log2_floor(capacity);
    queue->head = 0;
    return true;
}

/* Makes sure that one more piece fits. */
static bool piece_reserve(struct tcp_queue *queue)
{
    return queue->count < capacity_of(queue) || ring_grow(queue);
}

static struct page *room_page(u32 want)
{
    u32 order = want > PAGE_SIZE ? log2_ceil((want + PAGE_SIZE - 1) / PAGE_SIZE) : 0;
    struct page *page;

    if (order > TCP_QUEUE_ORDER_MAX)
        order = TCP_QUEUE_ORDER_MAX;
    page = page_alloc(order, order > 0 ? PAGE_ALLOC_NO_WAIT : 0);
    if (!page && order > 0)
        page = page_alloc(0, 0);
    return page;
}

static void shared_take(struct tcp_queue *queue, u32 want)
{
    struct shared_page *shared = &shared_pages[cpu_id()];

    if (queue->count > 0 || !shared->page || want > PAGE_SIZE - shared->used)
        return;
    queue->page = shared->page;
    queue->page_used = (u16)shared->used;
    shared->page = NULL;
}

/* What is written while there is more in the queue goes into one page: fewer pieces. */
static void shared_give(struct tcp_queue *queue)
{
    struct shared_page *shared = &shared_pages[cpu_id()];

    if (queue->count > 1 || queue->page->order > 0 || shared->page ||
        queue->page_used > PAGE_SIZE - SHARED_ROOM_MIN)
        return;
    shared->page = queue->page;
    shared->used = queue->page_used;
    queue->page = NULL;
}

u64 tcp_queue_shared_pages(void)
{
    u64 count = 0;

    for (u32 cpu = 0; cpu < CPUS_MAX; cpu++)
        count += __atomic_load_n(&shared_pages[cpu].page, __ATOMIC_RELAXED) != NULL;
    return count;
}

u32 tcp_queue_room(struct tcp_queue *queue, u32 want, void **memory)
{
    if (!piece_reserve(queue))
        return 0;
    if (queue->page && queue->page_used == block_size(queue->page))
        page_drop(queue);
    if (!queue->page)
        shared_take(queue, want);
    if (!queue->page) {
        queue->page = room_page(want);
        queue->page_used = 0;
    }
    if (!queue->page)
        return 0;
    queue->lent = true;
    *memory = (u8 *)page_virt(queue->page) + queue->page_used;
    return u32_min(want, block_size(queue->page) - queue->page_used);
}

bool tcp_queue_offer(struct tcp_queue *queue, struct page *page)
{
    if (queue->page)
        return false;
    queue->page = page;
    queue->page_used = 0;
    return true;
}

void tcp_queue_commit(struct tcp_queue *queue, u32 len, u32 seq)
{
    bool appended;

    queue->lent = false;
    if (len == 0) {
        if (queue->count == 0)
            page_drop(queue);
        return;
    }
    ASSERT(len <= block_size(queue->page) - queue->page_used);
    appended = tcp_queue_append(queue, queue->page, queue->page_used, len, seq);
    ASSERT(appended); /* tcp_queue_room() reserved the piece. */
    queue->page_used = (u16)(queue->page_used + len);
    shared_give(queue);
}

bool tcp_queue_append(struct tcp_queue *queue, struct page *page, u32 off, u32 len, u32 seq)
{
    struct tcp_piece *last = queue->count > 0 ? piece_at(queue, queue->count - 1) : NULL;

    if (last && last->page == page && last->off + last->len == off) {
        last->len += len;
        return true;
    }
    if (!piece_reserve(queue))
        return false;
    queue->count++;
    *piece_at(queue, queue->count - 1) =
        (struct tcp_piece){ .page = page_get(page), .off = off, .len = len, .seq = seq };
    return true;
}

void tcp_queue_acknowledge(struct tcp_queue *queue, u32 seq)
{
    while (queue->count > 0) {
        struct tcp_piece *piece = piece_at(queue, 0);
        u32 gone = seq - piece->seq;

        if (!seq_after(seq, piece->seq))
            return;
        if (gone < piece->len) {
            piece->off += gone;
            piece->len -= gone;
            piece->seq = seq;
            return;
        }
        page_put(piece->page);
        queue->head++;
        queue->count--;
    }
    queue->head = 0;
    if (queue->ring)
        ring_drop(queue);
    page_drop(queue);
}

/* The index of the piece that holds `seq`. */
static u32 piece_find(const struct tcp_queue *queue, u32 seq)
{
    u32 low = 0;
    u32 high = queue->count;

    while (high - low > 1) {
        u32 middle = low + (high - low) / 2;

        if (seq_before(seq, piece_at(queue, middle)->seq)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return low;
}

u32 tcp_queue_fill(const struct tcp_queue *queue, struct netbuf *buf, u32 seq, u32 len)
{
    u32 index = piece_find(queue, seq);
    u32 done = 0;

    while (done < len && index < queue->count && buf->frag_count < NETBUF_FRAGS_MAX) {
        const struct tcp_piece *piece = piece_at(queue, index);
        u32 skip = seq + done - piece->seq;
        u32 take = u32_min(len - done, piece->len - skip);

        ASSERT(skip < piece->len);
        if (!netbuf_add_frag(buf, page_get(piece->page), piece->off + skip, take)) {
            page_put(piece->page);
            break;
        }
        done += take;
        index++;
    }
    return done;
}
