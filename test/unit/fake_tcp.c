/* SPDX-License-Identifier: Apache-2.0 */
/* The stack's tests without TCP: its segments are counted and thrown away. */
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "lib/base/types.h"

u32 fake_tcp_segments;
u32 fake_tcp_errors;
u32 fake_tcp_batches;

void tcp_input(struct netbuf *buf, u32 source, u32 destination)
{
    (void)source;
    (void)destination;
    fake_tcp_segments++;
    netbuf_destroy(buf);
}

void tcp_input_done(void)
{
    fake_tcp_batches++;
}

void tcp_icmp_error(u32 source, u32 destination, const u8 header[8], u8 type, u8 code, u32 mtu)
{
    (void)source;
    (void)destination;
    (void)header;
    (void)type;
    (void)code;
    (void)mtu;
    fake_tcp_errors++;
}

void tcp_for_each(tcp_visit_fn *visit, void *arg)
{
    (void)visit;
    (void)arg;
}

void tcp_init(void)
{
}
