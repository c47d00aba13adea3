/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The send queue: bytes written and not acknowledged, as references to pieces of pages.
 *
 * Every byte has a sequence number. Segments are cut out of the queue wherever they begin and end,
 * so a retransmission may be cut differently from the first time. Finding a sequence number costs
 * O(log n) of the pieces.
 */

#include "kernel/mm/page.h"
#include "kernel/net/netbuf.h"
#include "lib/base/types.h"

enum {
    TCP_QUEUE_INLINE_LOG2 = 1,
    /* Without an allocation: a reply and its body. */
    TCP_QUEUE_INLINE = 1 << TCP_QUEUE_INLINE_LOG2,
    TCP_QUEUE_PIECES_MAX = 4096,
    TCP_QUEUE_ORDER_MAX = 3, /* 32 KiB: fewer pieces for long writes. */
};

struct tcp_piece {
    struct page *page; /* One reference. */
    u32 off;           /* From the start of the block. */
    u32 len;
    u32 seq; /* Of the first byte. */
};

struct tcp_queue {
    struct tcp_piece inline_pieces[TCP_QUEUE_INLINE];
    struct tcp_piece *ring; /* NULL while the inline ones are enough. */
    struct page *page; /* Where the next bytes written go, or NULL: a shared one. One reference. */
    u16 head;          /* Index of the first piece, going round. */
    u16 count;
    u16 page_used;    /* Bytes of `page` handed out, in use. */
    u8 capacity_log2; /* Of `ring`, or of the inline pieces. */
    bool lent;        /* Between tcp_queue_room() and tcp_queue_commit(): `page` stays. */
};

void tcp_queue_init(struct tcp_queue *queue);
/* Gives everything back, but for a page that is lent: that one goes when it is committed. */
void tcp_queue_clear(struct tcp_queue *queue);

/*
 * Lends room for up to `want` bytes to be copied in: its length, 0 < n, and where. 0 when memory is
 * out, or there are too many pieces.
 */
u32 tcp_queue_room(struct tcp_queue *queue, u32 want, void **memory);
/* The next room may be in `page`, a single one. False, and it stays the caller's, if not needed. */
bool tcp_queue_offer(struct tcp_queue *queue, struct page *page) MUST_USE;
/* Takes the room back. Its first `len` bytes, 0 perhaps, are in use now, from `seq` on. */
void tcp_queue_commit(struct tcp_queue *queue, u32 len, u32 seq);
/* Pages that small writes share, for leak tests: at most one a CPU. */
u64 tcp_queue_shared_pages(void);
/* Appends a piece; takes a reference of its own. False when memory is out or it is too long. */
bool tcp_queue_append(struct tcp_queue *queue, struct page *page, u32 off, u32 len, u32 seq)
    MUST_USE;

/* Everything before `seq` has been acknowledged. An empty queue keeps no memory. */
void tcp_queue_acknowledge(struct tcp_queue *queue, u32 seq);

/*
 * Puts up to `len` bytes from `seq` on into the fragments of `buf`. Returns how many: fewer when
 * the fragments run out. All of them are in the queue.
 */
u32 tcp_queue_fill(const struct tcp_queue *queue, struct netbuf *buf, u32 seq, u32 len);
