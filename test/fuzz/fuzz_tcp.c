/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments for a listener, a connection that was accepted, or one that connects, with the program's
 * reads, writes and closing in between. The input is a byte of flags, then steps of 10 bytes and
 * what they announce; numbers are relative to the connection's own, or the fuzzer would guess for
 * ever. What the stack sends is thrown away. After each step the invariants of connection.h hold;
 * in the end nothing may be left.
 */
#include "kernel/core/clock.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/tcp/wire.h"
#include "kernel/net/timer_wheel.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"
#include "test/fuzz/fuzz.h"
#include "test/net/sim.h"
#include "test/unit/fake_kernel.h"

enum {
    STEP_SIZE = 10,
    PORT = 80,
    PEER_PORT = 1000,
    OPTIONS_MAX = 40,
    QUIET_SECONDS = 400,
    IRS = 0xfffffff0, /* Of the peer: it wraps soon. */
};

enum mode {
    MODE_ACCEPTED,
    MODE_CONNECTING,
    MODE_LISTENING,
    MODE_COUNT,
};

enum step {
    STEP_OPTIONS = 0x3f, /* Bytes of options that follow, up to OPTIONS_MAX. */
    STEP_PROGRAM = 0x40, /* The program does something. */
    STEP_TIME = 0x80,    /* Time passes. */
};

static struct tcp *listener;
static struct tcp *tcp; /* The connection, or NULL. */

static bool drop(void *arg, u8 *ip, u32 len)
{
    (void)arg;
    (void)ip;
    (void)len;
    return false;
}

static void start(void)
{
    static const struct sim_config config;
    static bool is_started;

    if (is_started)
        return;
    is_started = true;
    sim_init(&config, 1);
    sim_set_filter(drop, NULL);
    fake_clock_advance(QUIET_SECONDS * NS_PER_SECOND);
}

static u32 get16(const u8 *bytes)
{
    return (u32)(bytes[0] << 8 | bytes[1]);
}

/* From the peer; its options are taken as they are. */
static void inject(struct tcp_header *header, const u8 *options, u32 option_size, u32 payload)
{
    struct netbuf *buf = netbuf_create();
    u32 size = TCP_HEADER_SIZE + ((option_size + 3) & ~3u);
    u8 bytes[TCP_HEADER_MAX + 1500] = { 0 };

    FUZZ_CHECK(buf != NULL);
    header->source_port = PEER_PORT;
    header->destination_port = tcp ? tcp->node.tuple.local_port : PORT;
    tcp_header_emit(header, bytes);
    bytes[12] = (u8)(size / 4 << 4);
    if (option_size > 0)
        mem_copy(bytes + TCP_HEADER_SIZE, options, option_size);
    FUZZ_CHECK(netbuf_append_copy(buf, bytes, size + payload));
    buf->flags |= NETBUF_CSUM_GOOD;
    tcp_input(buf, SIM_IP_B, SIM_IP_A);
    tcp_input_done();
    fake_run_bottom_halves();
}

static void open_connection(enum mode mode)
{
    listener = tcp_create(NULL, NULL);
    FUZZ_CHECK(tcp_bind(listener, (struct inet_address){ 0, PORT }) == 0);
    FUZZ_CHECK(tcp_listen(listener, 1) == 0);
    tcp = NULL;
    if (mode == MODE_CONNECTING) {
        tcp = tcp_create(NULL, NULL);
        FUZZ_CHECK(tcp_connect(tcp, (struct inet_address){ SIM_IP_B, PEER_PORT }) < 0);
    }
    if (mode == MODE_ACCEPTED) {
        struct tcp_header syn = {
            .seq = IRS, .flags = TCP_SYN, .window = 5000, .sack_permitted = true
        };
        struct tcp_header ack = { .seq = IRS + 1, .flags = TCP_ACK, .window = 5000 };
        const struct tcp_tuple tuple = { SIM_IP_A, SIM_IP_B, PORT, PEER_PORT };

        ack.ack = tcp_initial_seq(&tuple, clock_now_ns()) + 1;
        inject(&syn, NULL, 0, 0);
        inject(&ack, NULL, 0, 0);
        tcp = tcp_accept(listener);
        FUZZ_CHECK(tcp != NULL);
    }
}

static void invariants_check(void)
{
    if (!tcp || tcp->state == TCP_CLOSED || tcp->state == TCP_SYN_SENT ||
        tcp->state == TCP_SYN_RECEIVED)
        return;
    FUZZ_CHECK(!seq_after(tcp->snd_una, tcp->snd_nxt));     /* Invariant 1. */
    FUZZ_CHECK(!seq_after(tcp->snd_nxt, tcp->snd_end + 1)); /* Likewise. */
    FUZZ_CHECK(!seq_after(tcp->rcv_nxt, tcp->rcv_adv + 1)); /* 4; a FIN needs no room. */
    FUZZ_CHECK(!seq_before(tcp->lost_end, tcp->snd_una));   /* 8. */
    FUZZ_CHECK(!seq_after(tcp->lost_end, tcp->snd_nxt));    /* Likewise. */
    FUZZ_CHECK(tcp->rcv_memory < 4 * TCP_RECEIVE_BUFFER);
    for (u32 i = 0; i < tcp->sack_count; i++) {
        FUZZ_CHECK(seq_after(tcp->sacks[i].start, tcp->snd_una) &&
                   !seq_after(tcp->sacks[i].end, tcp->snd_nxt)); /* 5. */
    }
    FUZZ_CHECK(tcp->timer_deadline_ns <=
               u64_min(tcp->rto_deadline_ns, tcp->ack_deadline_ns)); /* 6. */
}

static void program_step(u32 what)
{
    const void *lent;
    u64 more;
    void *memory;
    long len;

    switch (what % 5) {
    case 0:
        len = tcp_receive_peek(tcp, 0, &lent, &more);
        if (len > 0)
            tcp_receive_consume(tcp, (u64)len);
        break;
    case 1:
        len = tcp_send_room(tcp, what * 100, &memory);
        if (len > 0)
            tcp_send_commit(tcp, (u32)len, what & 0x80);
        break;
    case 2:
        (void)!tcp_shutdown(tcp, what & 0x40 ? TCP_SHUTDOWN_WRITE : TCP_SHUTDOWN_READ);
        break;
    case 3:
        tcp_close(tcp, what & 0x80);
        break;
    default:
        (void)!tcp_set_option(tcp, what >> 3, what & 7);
        break;
    }
}

static void segment_step(const u8 *step, const u8 *options, u32 option_size)
{
    u32 seq = tcp ? tcp->rcv_nxt : IRS;
    u32 ack = tcp ? tcp->snd_nxt
                  : tcp_initial_seq(&(struct tcp_tuple){ SIM_IP_A, SIM_IP_B, PORT, PEER_PORT },
                                    clock_now_ns());
    struct tcp_header header = {
        .seq = seq + (u32)(s16)get16(step + 2),
        .ack = ack + (u32)(s16)get16(step + 4),
        .window = (u16)get16(step + 6),
        .flags = step[1],
    };

    inject(&header, options, option_size, get16(step + 8) % 1500);
}

static size_t step_run(const u8 *step, size_t left)
{
    u32 option_size = u32_min(step[0] & STEP_OPTIONS, OPTIONS_MAX);

    if (step[0] & STEP_TIME)
        fake_clock_advance((u64)get16(step + 2) * NS_PER_MS);
    if (tcp && step[0] & STEP_PROGRAM) {
        program_step(step[1]);
        invariants_check();
        return STEP_SIZE;
    }
    if (option_size > left - STEP_SIZE)
        option_size = (u32)(left - STEP_SIZE);
    segment_step(step, step + STEP_SIZE, option_size);
    invariants_check();
    return STEP_SIZE + option_size;
}

static void close_all(void)
{
    if (tcp) {
        tcp_close(tcp, true);
        tcp_put(tcp);
    }
    tcp_close(listener, false);
    tcp_put(listener);
    fake_clock_advance(QUIET_SECONDS * NS_PER_SECOND);
    FUZZ_CHECK(tcp_count() == 0);
    FUZZ_CHECK(netbuf_count() == 0);
    FUZZ_CHECK(net_timer_count() == 0);
    FUZZ_CHECK(fake_pages == (long)tcp_queue_shared_pages());
    FUZZ_CHECK(fake_locks_held == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t at = 1;

    start();
    if (size == 0)
        return 0;
    open_connection(bytes[0] % MODE_COUNT);
    while (size - at >= STEP_SIZE)
        at += step_run(bytes + at, size - at);
    close_all();
    return 0;
}
