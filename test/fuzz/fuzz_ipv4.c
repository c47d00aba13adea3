/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames from the wire into the whole receive path: Ethernet, ARP, IPv4 and its fragments, ICMP,
 * UDP with a program that answers. The input is frames, each behind two bytes of length (big
 * endian) with flags in its upper bits. What the stack sends is thrown away. Long after the last
 * frame nothing may be left of any.
 */
#include "kernel/core/clock.h"
#include "kernel/net/checksum.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/net/wire.h"
#include "lib/base/types.h"
#include "test/fuzz/fuzz.h"
#include "test/unit/fake_kernel.h"

enum {
    FRAME_MAX = 1514,
    ETHERNET_SIZE = 14,
    LENGTH_LATER = 0x8000,   /* A second passes before it comes. */
    LENGTH_VOUCHED = 0x4000, /* The device says that the transport checksum is right. */
    LENGTH_AS_IS = 0x2000,   /* Else a wrong checksum of the IP header is put right. */
    LENGTH_MASK = 0x07ff,
    IP = 0x0a00020f, /* 10.0.2.15, as the seeds have it. */
    PREFIX_LEN = 24,
    PORT = 2000,
    QUIET_SECONDS = 300, /* Longer than reassembly and ARP wait for anything. */
};

static bool drop(struct netdev *dev, struct netbuf *buf, bool more)
{
    u8 last;

    (void)dev;
    (void)more;
    FUZZ_CHECK(buf->len > 0 && buf->len <= FRAME_MAX);
    FUZZ_CHECK(netbuf_read(buf, buf->len - 1, &last, 1));
    netbuf_destroy(buf);
    return true;
}

static const struct netdev_ops ops = { .transmit = drop };

static struct netdev device = {
    .name = "eth0",
    .mac = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 },
    .mtu = 1500,
    .mtu_max = 1500,
    .features = NETDEV_RX_CSUM,
    .ops = &ops,
};

static struct udp *listener; /* Who the seeds' datagrams are for. */

static void wake(void *arg, u32 events)
{
    (void)arg;
    (void)events;
}

/* Answers with what came, like a program would. */
static void echo(void)
{
    struct inet_address source;
    struct inet_address destination;
    struct netbuf *buf = udp_receive(listener, &source, &destination);

    while (buf) {
        u8 first = 0;
        struct netbuf *answer = netbuf_create();

        (void)netbuf_read(buf, 0, &first, 1);
        netbuf_destroy(buf);
        FUZZ_CHECK(answer && netbuf_append_copy(answer, &first, 1));
        (void)!udp_send(listener, answer, &source);
        buf = udp_receive(listener, &source, &destination);
    }
    (void)udp_take_error(listener);
}

static void start(void)
{
    static bool is_started;
    struct net_config config = { .ip = IP, .prefix_len = PREFIX_LEN, .gateway = 0x0a000202 };

    if (is_started)
        return;
    is_started = true;
    fake_random_seed(1);
    net_init();
    FUZZ_CHECK(netdev_register(&device) == 0);
    FUZZ_CHECK(net_config_static(&config) == 0);
    listener = udp_create(wake, NULL);
    FUZZ_CHECK(listener && udp_bind(listener, (struct inet_address){ .port = PORT }) == 0);
    fake_run_bottom_halves();
    fake_clock_advance(QUIET_SECONDS * NS_PER_SECOND);
}

/* Without this the fuzzer would spend its time on guessing checksums. */
static void header_checksum_set(u8 *frame, u32 len)
{
    u8 *ip = frame + ETHERNET_SIZE;
    u32 size;

    if (len < ETHERNET_SIZE + IPV4_HEADER_SIZE)
        return;
    size = (ip[0] & 0xfu) * 4;
    if (size < IPV4_HEADER_SIZE || size > len - ETHERNET_SIZE)
        return;
    wire_put16(ip + 10, 0);
    wire_put_sum(ip + 10, checksum_finish(checksum_add(ip, size, 0)));
}

static void receive(const u8 *bytes, u32 len, u32 flags)
{
    struct netbuf *buf = netbuf_create();
    u8 *frame = fuzz_copy(bytes, len);

    FUZZ_CHECK(buf != NULL);
    if (flags & LENGTH_LATER)
        fake_clock_advance(NS_PER_SECOND);
    if (!(flags & LENGTH_AS_IS))
        header_checksum_set(frame, len);
    FUZZ_CHECK(netbuf_append_copy(buf, frame, len));
    if (flags & LENGTH_VOUCHED)
        buf->flags |= NETBUF_CSUM_GOOD;
    netdev_receive(&device, buf);
    netdev_receive_done(&device);
    fake_run_bottom_halves();
    echo();
    fake_run_bottom_halves();
    free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    u64 netbufs_before;
    long pages_before;

    start();
    netbufs_before = netbuf_count();
    pages_before = fake_pages;
    while (size - at > 2) {
        u32 length = (u32)(bytes[at] << 8 | bytes[at + 1]);
        size_t len = length & LENGTH_MASK;

        at += 2;
        if (len > FRAME_MAX)
            len = FRAME_MAX;
        if (len > size - at)
            len = size - at;
        if (len > 0)
            receive(bytes + at, (u32)len, length & ~(u32)LENGTH_MASK);
        at += len;
    }
    fake_clock_advance(QUIET_SECONDS * NS_PER_SECOND);
    FUZZ_CHECK(netbuf_count() == netbufs_before);
    FUZZ_CHECK(fake_pages == pages_before);
    FUZZ_CHECK(fake_locks_held == 0);
    return 0;
}
