/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's side: room in send-buffer pages, or pages of others by reference. */
#include "abi/linux/errors.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/page.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* The connection's error, -EPIPE, ... or 0 when it takes bytes. */
static int send_status(struct tcp *tcp)
{
    if (tcp->error != 0) {
        int error = tcp->error;

        tcp->error = 0;
        return -error;
    }
    if (tcp_has(tcp, TCP_F_SHUT_WRITE) ||
        (tcp->state == TCP_CLOSED && tcp_has(tcp, TCP_F_CONNECTED)))
        return -EPIPE;
    if (tcp->state == TCP_ESTABLISHED || tcp->state == TCP_CLOSE_WAIT)
        return 0;
    return tcp->state == TCP_SYN_SENT || tcp->state == TCP_SYN_RECEIVED ? -EAGAIN : -ENOTCONN;
}

/* Bytes that may be queued now; negative: why none. */
static long send_space(struct tcp *tcp)
{
    u32 queued = tcp->snd_end - tcp->snd_una;
    int err = send_status(tcp);

    if (err < 0) {
        if (err == -EAGAIN)
            tcp->flags |= TCP_F_NO_SPACE;
        return err;
    }
    if (seq_after(tcp->snd_una, tcp->snd_end)) /* The FIN is acknowledged: snd_una is behind it. */
        queued = 0;
    if (queued >= tcp->sndbuf) {
        tcp->flags |= TCP_F_NO_SPACE;
        return -EAGAIN;
    }
    return tcp->sndbuf - queued;
}

/* `*spare` is a page or NULL; NULL as well when it has been taken. */
static long room_locked(struct tcp *tcp, u32 want, void **memory, struct page **spare)
    HOLDS(&tcp->lock)
{
    long space = send_space(tcp);
    u32 room;

    if (space <= 0)
        return space;
    if (*spare && tcp_queue_offer(&tcp->queue, *spare))
        *spare = NULL;
    room = tcp_queue_room(&tcp->queue, u32_min(want, (u32)space), memory);
    if (room > 0)
        return room;
    if (tcp->queue.count == 0)
        return -ENOMEM;
    tcp->flags |= TCP_F_NO_SPACE; /* Acknowledgments will make room. */
    return -EAGAIN;
}

/* Without a lock held an allocation may have clean pages of files evicted. */
static long room_after_reclaim(struct tcp *tcp, u32 want, void **memory)
{
    struct page *spare = page_alloc(0, 0);
    long room;

    if (!spare)
        return -ENOMEM;
    spin_lock(&tcp->lock);
    room = room_locked(tcp, want, memory, &spare);
    spin_unlock(&tcp->lock);
    if (spare)
        page_put(spare);
    return room;
}

long tcp_send_room(struct tcp *tcp, u32 want, void **memory)
{
    struct page *none = NULL;
    long room;

    spin_lock(&tcp->lock);
    room = room_locked(tcp, want, memory, &none);
    spin_unlock(&tcp->lock);
    return room == -ENOMEM ? room_after_reclaim(tcp, want, memory) : room;
}

/*
 * sendfile() comes with one page at a time: rather one long packet a little later than many short
 * ones now. While something is out, its ACK sees to what waits, should no more come after all.
 */
static bool may_wait_for_more(const struct tcp *tcp)
{
    return tcp_has(tcp, TCP_F_MORE) && tcp->snd_nxt != tcp->snd_una &&
           tcp->snd_end - tcp->snd_nxt < segment_len_max(tcp) / 2;
}

static void queued(struct tcp *tcp, u32 len, bool more)
{
    tcp->snd_end += len;
    tcp->flags = more ? tcp->flags | TCP_F_MORE : tcp->flags & ~(u32)TCP_F_MORE;
    if (!may_wait_for_more(tcp))
        connection_output(tcp);
}

void tcp_send_commit(struct tcp *tcp, u32 len, bool more)
{
    connection_lock(tcp);
    if (tcp->state == TCP_CLOSED || tcp_has(tcp, TCP_F_SHUT_WRITE))
        len = 0; /* Closed meanwhile: as if it had been written, and lost, before. */
    tcp_queue_commit(&tcp->queue, len, tcp->snd_end);
    if (len > 0 || (tcp_has(tcp, TCP_F_MORE) && !more))
        queued(tcp, len, more);
    connection_unlock(tcp);
}

long tcp_send_page(struct tcp *tcp, struct page *page, u32 off, u32 len, bool more)
{
    long space;

    connection_lock(tcp);
    space = send_space(tcp);
    if (space > 0) {
        len = u32_min(len, (u32)space);
        if (tcp_queue_append(&tcp->queue, page, off, len, tcp->snd_end)) {
            queued(tcp, len, more);
            space = len;
        } else {
            space = tcp->queue.count > 0 ? -EAGAIN : -ENOMEM;
            tcp->flags |= TCP_F_NO_SPACE;
        }
    }
    connection_unlock(tcp);
    return space;
}

u64 tcp_send_queued(struct tcp *tcp)
{
    u64 queued_len;

    spin_lock(&tcp->lock);
    queued_len = tcp->state == TCP_CLOSED || seq_after(tcp->snd_una, tcp->snd_end)
                     ? 0
                     : tcp->snd_end - tcp->snd_una;
    spin_unlock(&tcp->lock);
    return queued_len;
}
