/* SPDX-License-Identifier: Apache-2.0 */
/* Packets: a head for protocol headers, and references to page fragments for all else. */
#include "kernel/net/netbuf.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/net/checksum.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    /*
     * Where headers pulled out of fragments start: an Ethernet header of 14 then leaves the IP
     * header aligned, and all of Ethernet, IP and TCP with every option fits behind it.
     */
    HEAD_PULL_OFF = 2,
};
_Static_assert(HEAD_PULL_OFF + 14 + 60 + 60 <= NETBUF_HEAD_SIZE, "headers must fit");

static struct slab_cache *netbuf_cache; /* [const] after netbuf_init() */

void netbuf_init(void)
{
    netbuf_cache = slab_cache_create("netbuf", sizeof(struct netbuf), 64);
    if (!netbuf_cache)
        panic("netbuf: no memory at boot");
}

struct netbuf *netbuf_create(void)
{
    struct netbuf *buf = slab_alloc(netbuf_cache);

    if (!buf)
        return NULL;
    mem_zero(buf, offsetof(struct netbuf, frags));
    list_init(&buf->link);
    buf->head_off = NETBUF_HEAD_SIZE;
    return buf;
}

void netbuf_destroy(struct netbuf *buf)
{
    for (u32 i = 0; i < buf->frag_count; i++)
        page_put(buf->frags[i].page);
    slab_free(netbuf_cache, buf);
}

void netbuf_destroy_list(struct list *bufs)
{
    struct list *node = list_pop_front(bufs);

    while (node) {
        netbuf_destroy(LIST_ENTRY(node, struct netbuf, link));
        node = list_pop_front(bufs);
    }
}

void *netbuf_push(struct netbuf *buf, u32 size)
{
    if (size > buf->head_off)
        return NULL;
    buf->head_off = (u16)(buf->head_off - size);
    buf->head_len = (u16)(buf->head_len + size);
    buf->len += size;
    return buf->head + buf->head_off;
}

void netbuf_pull(struct netbuf *buf, u32 size)
{
    ASSERT(size <= buf->head_len);
    buf->head_off = (u16)(buf->head_off + size);
    buf->head_len = (u16)(buf->head_len - size);
    buf->len -= size;
}

/* Fragments from `from` on move to the front; their references have changed hands. */
static void frags_shift(struct netbuf *buf, u32 from)
{
    if (from == 0)
        return;
    buf->frag_count = (u16)(buf->frag_count - from);
    mem_move(buf->frags, buf->frags + from, buf->frag_count * sizeof(buf->frags[0]));
}

/* Takes `size` bytes off the front of the fragments, copying them to `to` if it is not NULL. */
static void frags_take(struct netbuf *buf, u8 *to, u32 size)
{
    u32 used_up = 0;

    while (size > 0) {
        struct netfrag *frag = &buf->frags[used_up];
        u32 part = u32_min(size, frag->len);

        if (to) {
            mem_copy(to, netfrag_virt(frag), part);
            to += part;
        }
        frag->off += part;
        frag->len -= part;
        size -= part;
        if (frag->len == 0) {
            page_put(frag->page);
            used_up++;
        }
    }
    frags_shift(buf, used_up);
}

/* Makes room for `size` bytes in the head from head_off on, moving those in use if it must. */
static bool head_make_room(struct netbuf *buf, u32 size)
{
    u32 to = buf->head_len == 0 ? HEAD_PULL_OFF : 0;
    u32 from = buf->head_off;

    if (from + size <= NETBUF_HEAD_SIZE)
        return true;
    if (to + size > NETBUF_HEAD_SIZE)
        return false;
    mem_move(buf->head + to, buf->head + from, buf->head_len);
    if (buf->network_off >= from)
        buf->network_off = (u16)(buf->network_off - from + to);
    if (buf->transport_off >= from)
        buf->transport_off = (u16)(buf->transport_off - from + to);
    buf->head_off = (u16)to;
    return true;
}

void *netbuf_pull_frags(struct netbuf *buf, u32 size)
{
    if (size > buf->len || !head_make_room(buf, size))
        return NULL;
    frags_take(buf, buf->head + buf->head_off + buf->head_len, size - buf->head_len);
    buf->head_len = (u16)size;
    return buf->head + buf->head_off;
}

void netbuf_trim(struct netbuf *buf, u32 len)
{
    u32 left = len;
    u32 kept = 0;

    ASSERT(len <= buf->len);
    buf->len = len;
    if (left <= buf->head_len)
        buf->head_len = (u16)left;
    left -= buf->head_len;
    while (left > 0) {
        struct netfrag *frag = &buf->frags[kept];

        if (frag->len > left)
            frag->len = left;
        left -= frag->len;
        kept++;
    }
    for (u32 i = kept; i < buf->frag_count; i++)
        page_put(buf->frags[i].page);
    buf->frag_count = (u16)kept;
}

void netbuf_drop_front(struct netbuf *buf, u32 size)
{
    u32 from_head = u32_min(size, buf->head_len);

    ASSERT(size <= buf->len);
    netbuf_pull(buf, from_head);
    frags_take(buf, NULL, size - from_head);
    buf->len -= size - from_head;
}

bool netbuf_add_frag(struct netbuf *buf, struct page *page, u32 off, u32 len)
{
    struct netfrag *last = buf->frags + buf->frag_count - 1;

    if (buf->frag_count > 0 && last->page == page && last->off + last->len == off) {
        last->len += len;
        buf->len += len;
        page_put(page);
        return true;
    }
    if (buf->frag_count == NETBUF_FRAGS_MAX)
        return false;
    buf->frags[buf->frag_count++] = (struct netfrag){ .page = page, .off = off, .len = len };
    buf->len += len;
    return true;
}

const void *netbuf_piece(const struct netbuf *buf, u32 off, u32 *len)
{
    if (off < buf->head_len) {
        *len = buf->head_len - off;
        return buf->head + buf->head_off + off;
    }
    off -= buf->head_len;
    for (u32 i = 0; i < buf->frag_count; i++) {
        const struct netfrag *frag = &buf->frags[i];

        if (off < frag->len) {
            *len = frag->len - off;
            return netfrag_virt(frag) + off;
        }
        off -= frag->len;
    }
    *len = 0;
    return NULL;
}

bool netbuf_read(const struct netbuf *buf, u32 off, void *to, u32 size)
{
    u8 *at = to;

    if (off > buf->len || size > buf->len - off)
        return false;
    while (size > 0) {
        u32 len;
        const void *piece = netbuf_piece(buf, off, &len);

        len = u32_min(len, size);
        mem_copy(at, piece, len);
        at += len;
        off += len;
        size -= len;
    }
    return true;
}

bool netbuf_append_copy(struct netbuf *buf, const void *bytes, u32 size)
{
    const u8 *at = bytes;

    while (size > 0) {
        u32 part = u32_min(size, PAGE_SIZE);
        struct page *page = page_alloc(0, 0);

        if (!page)
            return false;
        mem_copy(page_virt(page), at, part);
        if (!netbuf_add_frag(buf, page, 0, part)) {
            page_put(page);
            return false;
        }
        at += part;
        size -= part;
    }
    return true;
}

bool netbuf_share(struct netbuf *to, const struct netbuf *from, u32 off, u32 len)
{
    u32 start = from->head_len; /* Of the current fragment, from the packet's first byte. */

    if (off < start)
        return false;
    for (u32 i = 0; i < from->frag_count && len > 0; i++) {
        const struct netfrag *frag = &from->frags[i];

        if (off < start + frag->len) {
            u32 skip = off - start;
            u32 part = u32_min(len, frag->len - skip);

            if (!netbuf_add_frag(to, page_get(frag->page), frag->off + skip, part)) {
                page_put(frag->page);
                return false;
            }
            off += part;
            len -= part;
        }
        start += frag->len;
    }
    return len == 0;
}

u32 netbuf_checksum(const struct netbuf *buf, u32 off, u32 len, u32 sum)
{
    u32 done = 0;

    while (done < len) {
        u32 part;
        const void *piece = netbuf_piece(buf, off + done, &part);

        if (!piece)
            break;
        part = u32_min(part, len - done);
        sum = checksum_combine(sum, checksum_add(piece, part, 0), done);
        done += part;
    }
    return sum;
}

u64 netbuf_count(void)
{
    return slab_in_use(netbuf_cache);
}
