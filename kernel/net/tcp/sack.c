/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scoreboard: what the peer says it has beyond what it acknowledged (RFC 2018, 6675).
 *
 * It is an array of ranges, sorted, for the few holes there are at a time. What is lost follows
 * from it: everything not SACKed below `lost_end`; of that, what lies below `rtx_next` has been
 * sent again. Without SACK the same numbers carry NewReno (RFC 6582): duplicate ACKs count as bytes
 * that have left the network, and `lost_end` is one segment behind snd_una.
 */
#include "kernel/mm/heap.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

void sack_clear(struct tcp *tcp)
{
    heap_free(tcp->sacks);
    tcp->sacks = NULL;
    tcp->sack_count = 0;
    tcp->sacked_bytes = 0;
}

static void range_remove(struct tcp *tcp, u32 index)
{
    tcp->sacked_bytes -= tcp->sacks[index].end - tcp->sacks[index].start;
    tcp->sack_count--;
    mem_move(&tcp->sacks[index], &tcp->sacks[index + 1],
             (tcp->sack_count - index) * sizeof(tcp->sacks[0]));
}

/*
 * Makes room at `index`. When the board is full its first range is forgotten: it will be acked
 * first.
 */
static bool range_insert(struct tcp *tcp, u32 index, struct tcp_range range)
{
    if (!tcp->sacks)
        tcp->sacks = heap_alloc_array(TCP_SACK_RANGES_MAX, sizeof(tcp->sacks[0]));
    if (!tcp->sacks || (tcp->sack_count == TCP_SACK_RANGES_MAX && index == 0))
        return false;
    if (tcp->sack_count == TCP_SACK_RANGES_MAX) {
        range_remove(tcp, 0);
        index--;
    }
    mem_move(&tcp->sacks[index + 1], &tcp->sacks[index],
             (tcp->sack_count - index) * sizeof(tcp->sacks[0]));
    tcp->sacks[index] = range;
    tcp->sack_count++;
    tcp->sacked_bytes += range.end - range.start;
    return true;
}

static void range_add(struct tcp *tcp, struct tcp_range range)
{
    u32 index = 0;

    while (index < tcp->sack_count && seq_before(tcp->sacks[index].end, range.start))
        index++;
    while (index < tcp->sack_count && !seq_after(tcp->sacks[index].start, range.end)) {
        range.start = seq_min(range.start, tcp->sacks[index].start);
        range.end = seq_max(range.end, tcp->sacks[index].end);
        range_remove(tcp, index);
    }
    (void)range_insert(tcp, index, range);
}

/* Invariant 5; a block at or below snd_una is a D-SACK (RFC 2883), of no use here. */
static bool block_is_plausible(const struct tcp *tcp, const struct tcp_range *block)
{
    return seq_after(block->end, block->start) && seq_after(block->start, tcp->snd_una) &&
           !seq_after(block->end, tcp->snd_nxt) && seq_before(block->start, tcp->snd_nxt);
}

u32 sack_update(struct tcp *tcp, const struct tcp_header *header)
{
    u32 before = tcp->sacked_bytes;

    for (u32 i = 0; i < header->sack_count; i++) {
        if (block_is_plausible(tcp, &header->sack[i]))
            range_add(tcp, header->sack[i]);
    }
    return tcp->sacked_bytes > before ? tcp->sacked_bytes - before : 0;
}

void sack_advance(struct tcp *tcp)
{
    tcp->lost_end = seq_max(tcp->lost_end, tcp->snd_una);
    tcp->rtx_next = seq_max(tcp->rtx_next, tcp->snd_una);
    while (tcp->sack_count > 0 && !seq_after(tcp->sacks[0].end, tcp->snd_una))
        range_remove(tcp, 0);
    /* Had it kept what it SACKed it would have acknowledged it: the peer reneged (RFC 2018 8). */
    if (tcp->sack_count > 0 && !seq_after(tcp->sacks[0].start, tcp->snd_una))
        range_remove(tcp, 0);
}

void sack_mark_lost(struct tcp *tcp)
{
    u32 above = 0;
    u32 limit = (TCP_DUPLICATE_ACKS - 1) * (u32)tcp->mss;

    for (u32 i = tcp->sack_count; i > 0; i--) {
        const struct tcp_range *range = &tcp->sacks[i - 1];

        above += range->end - range->start;
        if (above > limit || tcp->sack_count - (i - 1) >= TCP_DUPLICATE_ACKS) {
            tcp->lost_end = seq_max(tcp->lost_end, range->start);
            return;
        }
    }
}

/* Bytes of [start, end) that are not SACKed. */
static u32 holes_len(const struct tcp *tcp, u32 start, u32 end)
{
    u32 len = seq_after(end, start) ? end - start : 0;

    for (u32 i = 0; i < tcp->sack_count && len > 0; i++) {
        u32 from = seq_max(tcp->sacks[i].start, start);
        u32 to = seq_min(tcp->sacks[i].end, end);

        if (seq_after(to, from))
            len -= to - from;
    }
    return len;
}

u32 sack_pipe(const struct tcp *tcp)
{
    u32 sent = tcp->snd_nxt - tcp->snd_una;
    u32 gone = tcp->sacked_bytes;

    if (tcp->lost_end != tcp->rtx_next)
        gone += holes_len(tcp, tcp->rtx_next, tcp->lost_end);
    return sent > gone ? sent - gone : 0;
}

bool sack_next_hole(const struct tcp *tcp, struct tcp_range *hole)
{
    hole->start = tcp->rtx_next;
    hole->end = tcp->lost_end;
    for (u32 i = 0; i < tcp->sack_count; i++) {
        const struct tcp_range *range = &tcp->sacks[i];

        if (!seq_after(range->end, hole->start))
            continue;
        if (seq_after(range->start, hole->start)) {
            hole->end = seq_min(hole->end, range->start);
            break;
        }
        hole->start = range->end;
    }
    return seq_before(hole->start, hole->end);
}
