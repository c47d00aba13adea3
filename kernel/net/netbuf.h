/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Packets.
 *
 * A packet is a small header and references to page fragments. Protocol headers lie in `head`, room
 * reserved in front so that each layer below puts its own before the last; payload lies in the
 * fragments, shared by reference with send queues and the page cache, never copied below the
 * socket. A received packet may lie anywhere: a small one wholly in `head`, where the driver copied
 * it, a large one in fragments of the device's buffers, and then the headers are pulled into `head`
 * as they are parsed (netbuf_pull_head()). So whoever looks at bytes behind the headers does it by
 * netbuf_piece() or netbuf_read(), never by `head` or `frags` alone.
 *
 * A netbuf has one owner at a time and is handed on; only its pages are shared.
 */

#include "kernel/mm/page.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    NETBUF_HEAD_SIZE = 160, /* virtio 12 + Ethernet 14 + IPv6 40 + TCP 60, and a little room. */
    NETBUF_FRAGS_MAX = 18,  /* 64 KiB of 4 KiB pages, unaligned at both ends, and one to spare. */
    NETBUF_PACKET_MAX = 65535,
};

struct netfrag {
    struct page *page; /* One reference is the netbuf's. First page of its block. */
    u32 off;           /* From the start of the block. */
    u32 len;
};

enum netbuf_flags {
    /* Tx: the device fills the checksum in at csum_start + csum_off. */
    NETBUF_CSUM_PARTIAL = 1u << 0,
    NETBUF_CSUM_GOOD = 1u << 1, /* Rx: the device has verified the transport checksum. */
    NETBUF_LOOPBACK = 1u << 2,  /* Never left the machine: its checksum was never computed. */
    NETBUF_BROADCAST = 1u << 3, /* Rx: the link said so (broadcast or multicast). */
};

/*
 * A transmitted packet belongs to the device until it is sent; a device that loops it back, or TCP
 * that receives it, must not write to the pages: they are shared.
 */
struct netbuf {
    struct list link;      /* The owner's queue. */
    struct netdev *netdev; /* Rx: where it came from. Tx: where it goes. */
    u32 len;               /* Bytes from head_off on: head part and fragments. */
    u16 flags;
    u16 head_off; /* First byte in use in `head`. */
    u16 head_len; /* Bytes in use there. */
    u16 frag_count;
    u16 gso_size;      /* Tx: segment to this payload size (TSO), 0: as it is. Rx: the sender's. */
    u16 gso_segments;  /* How many segments that makes. 0 or 1: one. */
    u16 csum_start;    /* From head_off. */
    u16 csum_off;      /* From csum_start. */
    u16 network_off;   /* Rx: offset of the IP header from `head`'s start; see ipv4.h. */
    u16 transport_off; /* Likewise of the transport header. */
    u16 protocol;      /* Ethertype, then IP protocol. */
    u8 ttl;            /* Rx: of the IP header. */
    u8 tos;            /* Likewise. */
    u32 hash;          /* Of the flow, when known; else 0. */
    u64 stamp_ns;      /* Protocol's own (tx time for RTT). */
    u32 cb[4];         /* The owning protocol's scratch: TCP keeps seq and len here. */
    struct netfrag frags[NETBUF_FRAGS_MAX];
    u8 head[NETBUF_HEAD_SIZE] __attribute__((aligned(8)));
};

/* An empty packet with all of its head as reserve. NULL when memory is out. Any context. */
struct netbuf *netbuf_create(void) MUST_USE;

/* Frees it and gives its page references back. Any context. */
void netbuf_destroy(struct netbuf *buf);

/* Destroys all of a queue. */
void netbuf_destroy_list(struct list *bufs);

/*
 * Makes room for `size` bytes before what is in use, and returns it. NULL when there is none left.
 */
void *netbuf_push(struct netbuf *buf, u32 size) MUST_USE;

/* Takes `size` bytes off the front (they are all in `head`: netbuf_pull_head() before). */
void netbuf_pull(struct netbuf *buf, u32 size);

/*
 * Makes sure the first `size` bytes lie in `head`, and returns them; NULL when it is shorter, or
 * longer than what the head can hold. Headers taken off before stay where network_off says, as long
 * as the head has room behind them: it has for everything up to TCP's longest header.
 */
static inline void *netbuf_pull_head(struct netbuf *buf, u32 size) MUST_USE;

/* Cuts it to `len` bytes from the front, giving back fragments beyond. `len` <= buf->len. */
void netbuf_trim(struct netbuf *buf, u32 len);

/* Drops `size` bytes from the front, wherever they lie. `size` <= buf->len. */
void netbuf_drop_front(struct netbuf *buf, u32 size);

/*
 * The piece of memory that byte `off` lies in, from that byte on; `*len` is how long it is. NULL
 * and 0 at the end.
 */
const void *netbuf_piece(const struct netbuf *buf, u32 off, u32 *len);

/*
 * Adds references to `len` bytes of `from`'s fragments, `off` bytes from its first one, to the end
 * of `to`. False when fragments are out (some may have been added), or when the bytes are not in
 * fragments.
 */
bool netbuf_share(struct netbuf *to, const struct netbuf *from, u32 off, u32 len) MUST_USE;

/*
 * Adds a fragment; takes over the caller's reference to `page` if it returns true. One that goes on
 * where the last ends makes that longer.
 */
bool netbuf_add_frag(struct netbuf *buf, struct page *page, u32 off, u32 len) MUST_USE;

/* Copies bytes out of it; false when it is too short. */
bool netbuf_read(const struct netbuf *buf, u32 off, void *to, u32 size) MUST_USE;

/* Appends a copy of `size` bytes in pages of its own. False when memory or fragments are out. */
bool netbuf_append_copy(struct netbuf *buf, const void *bytes, u32 size) MUST_USE;

/* Internet checksum (RFC 1071), unfolded, of `len` bytes from `off` on, added to `sum`. */
u32 netbuf_checksum(const struct netbuf *buf, u32 off, u32 len, u32 sum);

/* How many netbufs exist, for reports and leak tests. */
u64 netbuf_count(void);

/* Where a fragment's bytes are. */
static inline u8 *netfrag_virt(const struct netfrag *frag)
{
    return (u8 *)page_virt(frag->page) + frag->off;
}

void netbuf_init(void);

/* netbuf_pull_head() when fragments have to give some of the bytes. */
void *netbuf_pull_frags(struct netbuf *buf, u32 size) MUST_USE;

static inline void *netbuf_pull_head(struct netbuf *buf, u32 size)
{
    return size <= buf->head_len ? buf->head + buf->head_off : netbuf_pull_frags(buf, size);
}
