/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums and TCP segmentation in software, for devices without. */
#include "kernel/net/gso.h"

#include "abi/linux/errors.h"
#include "kernel/net/checksum.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/wire.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    TCP_HEADER_MIN = 20,
    TCP_FLAGS = 13, /* Offsets in the header. */
    TCP_CHECKSUM = 16,
    TCP_FIN = 0x01,
    TCP_PSH = 0x08,
    TCP_CWR = 0x80,
};

bool gso_checksum(struct netbuf *buf)
{
    u32 field = (u32)buf->csum_start + buf->csum_off;
    u32 sum;

    if (buf->csum_start > buf->len || field + 2 > buf->head_len)
        return false;
    sum = netbuf_checksum(buf, buf->csum_start, buf->len - buf->csum_start, 0);
    sum = checksum_finish(sum);
    /* 0 says that there is none in UDP (RFC 768), and both mean the same in TCP. */
    wire_put_sum(buf->head + buf->head_off + field, sum == 0 ? 0xffff : (u16)sum);
    buf->flags = (u16)(buf->flags & ~NETBUF_CSUM_PARTIAL);
    return true;
}

/* What all segments of one packet have in common. */
struct gso {
    const struct netbuf *buf;
    u32 link_len;
    u32 header_len; /* Link, IP and TCP. */
    u32 tcp_off;
    u32 payload_len;
    u16 ip_id;
    u32 seq;
};

static bool gso_prepare(struct gso *gso, const struct netbuf *buf, u32 link_len)
{
    const u8 *head = buf->head + buf->head_off;
    const u8 *ip = head + link_len;

    gso->buf = buf;
    gso->link_len = link_len;
    gso->tcp_off = buf->csum_start;
    if (!(buf->flags & NETBUF_CSUM_PARTIAL) || buf->gso_size == 0 ||
        buf->csum_off != TCP_CHECKSUM || buf->head_len < gso->tcp_off + TCP_HEADER_MIN ||
        gso->tcp_off < link_len + IPV4_HEADER_SIZE || ip[0] >> 4 != 4 || ip[9] != IPV4_PROTOCOL_TCP)
        return false;
    gso->header_len = gso->tcp_off + (u32)(head[gso->tcp_off + 12] >> 4) * 4;
    if (gso->header_len != buf->head_len)
        return false;
    gso->payload_len = buf->len - gso->header_len;
    gso->ip_id = wire_get16(ip + 4);
    gso->seq = wire_get32(head + gso->tcp_off + 4);
    return gso->payload_len > 0;
}

static void fix_ip_header(const struct gso *gso, u8 *ip, u32 index, u32 len)
{
    u32 ip_len = gso->tcp_off - gso->link_len;

    wire_put16(ip + 2, (u16)len);
    wire_put16(ip + 4, (u16)(gso->ip_id + index));
    wire_put_sum(ip + 10, 0);
    wire_put_sum(ip + 10, checksum_finish(checksum_add(ip, ip_len, 0)));
}

static void fix_tcp_header(const struct gso *gso, u8 *tcp, u32 off, u32 len)
{
    bool is_first = off == 0;
    bool is_last = off + len == gso->payload_len;
    u32 sum = wire_get_sum(tcp + TCP_CHECKSUM);

    wire_put32(tcp + 4, gso->seq + off);
    if (!is_last)
        tcp[TCP_FLAGS] &= (u8) ~(TCP_FIN | TCP_PSH);
    if (!is_first)
        tcp[TCP_FLAGS] &= (u8)~TCP_CWR;
    /* The pseudo header has the length of all; make it that of this segment (RFC 1624). */
    sum += be16_make((u16)(gso->payload_len - len)).raw ^ 0xffffu;
    wire_put_sum(tcp + TCP_CHECKSUM, checksum_fold(sum));
}

static struct netbuf *make_segment(const struct gso *gso, u32 index)
{
    const struct netbuf *buf = gso->buf;
    u32 off = index * buf->gso_size;
    u32 len = u32_min(buf->gso_size, gso->payload_len - off);
    struct netbuf *segment = netbuf_create();
    u8 *head;

    if (!segment)
        return NULL;
    head = netbuf_push(segment, gso->header_len);
    if (!head || !netbuf_share(segment, buf, gso->header_len + off, len)) {
        netbuf_destroy(segment);
        return NULL;
    }
    mem_copy(head, buf->head + buf->head_off, gso->header_len);
    fix_ip_header(gso, head + gso->link_len, index, gso->header_len - gso->link_len + len);
    fix_tcp_header(gso, head + gso->tcp_off, off, len);
    segment->netdev = buf->netdev;
    segment->flags = buf->flags;
    segment->csum_start = buf->csum_start;
    segment->csum_off = buf->csum_off;
    segment->hash = buf->hash;
    return segment;
}

int gso_segment(const struct netbuf *buf, u32 link_len, struct list *segments)
{
    struct list made;
    struct gso gso;

    if (!gso_prepare(&gso, buf, link_len))
        return -EINVAL;
    list_init(&made);
    for (u32 i = 0; i * buf->gso_size < gso.payload_len; i++) {
        struct netbuf *segment = make_segment(&gso, i);

        if (!segment) {
            netbuf_destroy_list(&made);
            return -ENOMEM;
        }
        list_push_back(&made, &segment->link);
    }
    list_splice_back(segments, &made);
    return 0;
}
