/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated wire. See sim.h. */
#include "test/net/sim.h"

#include "kernel/core/clock.h"
#include "kernel/core/timer.h"
#include "kernel/net/arp.h"
#include "kernel/net/gso.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "kernel/net/tcp.h"
#include "kernel/net/timer_wheel.h"
#include "kernel/net/udp.h"
#include "lib/base/list.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    MTU_DEFAULT = 1500,
    PPM = 1000000,
};
#define REORDER_MIN_NS (10 * NS_PER_MS)

struct flight {
    struct list link; /* In `flights`, by arrival. */
    u64 arrives_ns;
    u32 len;
    u8 bytes[];
};

static struct sim_config config;
static struct sim_counts counts;
static struct netdev device;
static struct list flights = LIST_INIT(flights);
static struct list held = LIST_INIT(held); /* Packets the device has not been told of. */
static u32 in_flight;
static struct timer arrival;
static u64 wire_free_ns; /* When the last bit of what was sent has left. */
static u64 random_state;
static sim_filter_fn *filter;
static void *filter_arg;

/* Its own generator: what the stack draws must not change what the wire does. */
static u64 sim_random(void)
{
    random_state += 0x9e3779b97f4a7c15;
    u64 z = random_state;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static bool happens(u32 ppm)
{
    return ppm != 0 && sim_random() % PPM < ppm;
}

static void arm(void)
{
    if (!list_is_empty(&flights))
        timer_arm(&arrival, LIST_ENTRY(flights.next, struct flight, link)->arrives_ns);
}

static void launch(const u8 *bytes, u32 len, u64 arrives_ns)
{
    struct flight *flight = malloc(sizeof(*flight) + len);
    struct list *place = flights.prev;

    CHECK(flight != NULL);
    flight->arrives_ns = arrives_ns;
    flight->len = len;
    memcpy(flight->bytes, bytes, len);
    while (place != &flights && LIST_ENTRY(place, struct flight, link)->arrives_ns > arrives_ns)
        place = place->prev;
    list_insert_after(place, &flight->link);
    in_flight++;
    arm();
}

/* When a packet that leaves now is there; 0 when the queue for the wire is full. */
static u64 arrival_time(u32 len)
{
    u64 start_ns = wire_free_ns > fake_now_ns ? wire_free_ns : fake_now_ns;
    u64 bit_ns = 0;
    u64 arrives_ns;

    if (config.bits_per_second != 0) {
        bit_ns = (u64)len * 8 * NS_PER_SECOND / config.bits_per_second;
        if (config.queue_max != 0 && bit_ns != 0 &&
            (start_ns - fake_now_ns) / bit_ns >= config.queue_max)
            return 0;
        wire_free_ns = start_ns + bit_ns;
    }
    arrives_ns = start_ns + bit_ns + config.delay_ns;
    if (config.jitter_ns != 0)
        arrives_ns += sim_random() % config.jitter_ns;
    if (happens(config.reorder_ppm)) {
        counts.reordered++;
        arrives_ns += config.delay_ns * 3 > REORDER_MIN_NS ? config.delay_ns * 3 : REORDER_MIN_NS;
    }
    return arrives_ns;
}

static void enter_wire(u8 *bytes, u32 len)
{
    u64 arrives_ns;

    counts.sent++;
    counts.bytes += len;
    if (filter && !filter(filter_arg, bytes, len)) {
        counts.lost++;
        return;
    }
    if (happens(config.loss_ppm)) {
        counts.lost++;
        return;
    }
    arrives_ns = arrival_time(len);
    if (arrives_ns == 0) {
        counts.queue_dropped++;
        return;
    }
    if (happens(config.duplicate_ppm)) {
        counts.duplicated++;
        launch(bytes, len, arrives_ns + sim_random() % NS_PER_MS);
    }
    if (happens(config.corrupt_ppm)) {
        counts.corrupted++;
        bytes[sim_random() % len] ^= (u8)(1u << sim_random() % 8);
    }
    if (happens(config.truncate_ppm)) {
        counts.truncated++;
        len = (u32)(sim_random() % len);
    }
    launch(bytes, len, arrives_ns);
}

/* One packet, complete but perhaps for its checksum, which a device fills in. */
static void wire_send(struct netbuf *buf)
{
    u8 *bytes = malloc(buf->len);

    if (buf->flags & NETBUF_CSUM_PARTIAL)
        CHECK(gso_checksum(buf));
    CHECK(bytes != NULL);
    CHECK(buf->len <= device.mtu);
    CHECK(netbuf_read(buf, 0, bytes, buf->len));
    enter_wire(bytes, buf->len);
    free(bytes);
    netbuf_destroy(buf);
}

static void segments_send(struct netbuf *buf)
{
    struct list segments;
    struct list *node;

    if (buf->gso_segments <= 1) {
        wire_send(buf);
        return;
    }
    CHECK(config.features & NETDEV_TX_TSO4);
    list_init(&segments);
    CHECK_EQ(gso_segment(buf, 0, &segments), 0);
    netbuf_destroy(buf);
    node = list_pop_front(&segments);
    while (node) {
        wire_send(LIST_ENTRY(node, struct netbuf, link));
        node = list_pop_front(&segments);
    }
}

/* As a device does that is not told yet: a packet that others shall follow waits for the last. */
static bool sim_transmit(struct netdev *dev, struct netbuf *buf, bool more)
{
    struct list *node;

    (void)dev;
    list_push_back(&held, &buf->link);
    if (more)
        return true;
    node = list_pop_front(&held);
    while (node) {
        segments_send(LIST_ENTRY(node, struct netbuf, link));
        node = list_pop_front(&held);
    }
    return true;
}

/* In a bottom half, as the fake clock runs timers. */
static void arrive(struct timer *timer)
{
    (void)timer;
    while (!list_is_empty(&flights)) {
        struct flight *flight = LIST_ENTRY(flights.next, struct flight, link);
        struct netbuf *buf;

        if (flight->arrives_ns > fake_now_ns)
            break;
        list_remove(&flight->link);
        in_flight--;
        buf = netbuf_create();
        if (buf && netbuf_append_copy(buf, flight->bytes, flight->len)) {
            counts.delivered++;
            netdev_receive(&device, buf);
        } else if (buf) {
            netbuf_destroy(buf);
        }
        free(flight);
    }
    netdev_receive_done(&device);
    arm();
}

static const struct netdev_ops sim_ops = {
    .transmit = sim_transmit,
};

void sim_init(const struct sim_config *its_config, u64 seed)
{
    sim_configure(its_config);
    random_state = seed;
    fake_random_seed(seed);
    timer_init(&arrival, arrive);
    netbuf_init();
    timer_wheel_init();
    route_init();
    arp_init();
    ipv4_init();
    udp_init();
    tcp_init();
    device = (struct netdev){
        .name = "sim0",
        .mtu = config.mtu ? config.mtu : MTU_DEFAULT,
        .mtu_max = NETBUF_PACKET_MAX,
        .features = NETDEV_LOOPBACK | config.features,
        .ops = &sim_ops,
    };
    CHECK_EQ(netdev_register(&device), 0);
    CHECK_EQ(address_add(&device, SIM_IP_A, 8), 0);
}

void sim_configure(const struct sim_config *its_config)
{
    config = *its_config;
}

void sim_run(u64 ns)
{
    fake_clock_advance(ns);
}

bool sim_run_until(bool (*done)(void *arg), void *arg, u64 limit_ns)
{
    u64 end_ns = fake_now_ns + limit_ns;

    fake_run_bottom_halves();
    while (!done(arg)) {
        u64 next_ns = fake_next_deadline();

        if (next_ns > end_ns)
            return false;
        fake_clock_advance(next_ns > fake_now_ns ? next_ns - fake_now_ns : 0);
    }
    return true;
}

u32 sim_in_flight(void)
{
    return in_flight;
}

const struct sim_counts *sim_counts(void)
{
    return &counts;
}

void sim_set_filter(sim_filter_fn *its_filter, void *arg)
{
    filter = its_filter;
    filter_arg = arg;
}

void sim_inject(const u8 *ip, u32 len)
{
    launch(ip, len, fake_now_ns);
}
