/* SPDX-License-Identifier: Apache-2.0 */
/* Which segments leave, and when: Nagle, cork, pages lent by others, options of sockets. */
#include "abi/linux/errors.h"
#include "abi/linux/poll.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/mm/page.h"
#include "kernel/net/net.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/tcp/wire.h"
#include "lib/base/types.h"
#include "test/net/peer.h"
#include "test/net/sim.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

static const struct sim_config lan = { .delay_ns = NS_PER_MS };

static u32 sizes[64]; /* Payloads of the segments that had any. */
static u32 size_count;

static bool record(void *arg, u8 *ip, u32 len)
{
    u32 header = (u32)(ip[0] & 15) * 4;
    u32 payload = len - header - tcp_header_size(ip + header);

    (void)arg;
    if (payload > 0 && size_count < ARRAY_COUNT(sizes))
        sizes[size_count++] = payload;
    return true;
}

static void open_lan(struct pair *pair)
{
    sim_init(&lan, 1);
    pair_open(pair, NS_PER_SECOND);
    sim_run(NS_PER_SECOND);
    size_count = 0;
    sim_set_filter(record, NULL);
}

static void clean_up(struct pair *pair)
{
    sim_set_filter(NULL, NULL);
    pair_close(pair);
    peers_check_gone();
}

static void write_bytes(struct peer *peer, u32 len, bool more)
{
    while (len > 0) {
        void *memory;
        long room = tcp_send_room(peer->tcp, len, &memory);

        CHECK(room > 0);
        for (long i = 0; i < room; i++)
            ((u8 *)memory)[i] = peer_byte(peer->pattern, peer->sent + (u64)i);
        peer->sent += (u64)room;
        len -= (u32)room;
        tcp_send_commit(peer->tcp, (u32)room, more || len > 0);
    }
}

static void sizes_check(const u32 *expected, u32 count)
{
    CHECK_EQ(size_count, count);
    for (u32 i = 0; i < count; i++)
        CHECK_EQ(sizes[i], expected[i]);
}

/* Requests and replies in turn, of both ends, go into one page; more of it stays in order. */
TEST(tcp_shape, small_writes_share_a_page)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    for (u32 turn = 0; turn < 100; turn++) {
        struct peer *from = turn % 2 == 0 ? &pair.client : &pair.server;

        write_bytes(from, 1 + turn, false);
        if (turn % 3 == 0)
            write_bytes(from, 2000, false);
        CHECK(fake_pages <= 3);
        sim_run(NS_PER_SECOND);
        pair_pump(&pair);
        CHECK_EQ(fake_pages, tcp_queue_shared_pages());
    }
    CHECK_EQ(tcp_queue_shared_pages(), 1);
    clean_up(&pair);
}

TEST(tcp_shape, nagle_collects_small_writes_while_one_is_out)
{
    static const u32 expected[] = { 10, 40 };
    struct pair pair = { 0 };

    open_lan(&pair);
    for (u32 i = 0; i < 5; i++)
        write_bytes(&pair.client, 10, false);
    sim_run(100 * NS_PER_MS);
    sizes_check(expected, 2);
    clean_up(&pair);
}

TEST(tcp_shape, nodelay_sends_each_write)
{
    static const u32 expected[] = { 10, 10, 10 };
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_NODELAY, 1), 0);
    for (u32 i = 0; i < 3; i++)
        write_bytes(&pair.client, 10, false);
    sim_run(100 * NS_PER_MS);
    sizes_check(expected, 3);
    clean_up(&pair);
}

TEST(tcp_shape, nodelay_lets_go_what_nagle_held)
{
    static const u32 expected[] = { 10, 10 };
    struct pair pair = { 0 };

    open_lan(&pair);
    write_bytes(&pair.client, 10, false);
    write_bytes(&pair.client, 10, false);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_NODELAY, 1), 0);
    CHECK_EQ(size_count, 2);
    sizes_check(expected, 2);
    clean_up(&pair);
}

TEST(tcp_shape, cork_sends_full_segments_until_it_is_pulled)
{
    static const u32 expected[] = { 1448, 1448, 104 };
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_CORK, 1), 0);
    for (u32 i = 0; i < 30; i++)
        write_bytes(&pair.client, 100, false);
    sim_run(50 * NS_PER_MS);
    CHECK_EQ(size_count, 2);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_CORK, 0), 0);
    sizes_check(expected, 3);
    clean_up(&pair);
}

TEST(tcp_shape, cork_holds_no_longer_than_200_ms)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_CORK, 1), 0);
    write_bytes(&pair.client, 100, false);
    sim_run(199 * NS_PER_MS);
    CHECK_EQ(size_count, 0);
    sim_run(3 * NS_PER_MS);
    CHECK_EQ(size_count, 1);
    write_bytes(&pair.client, 100, false);
    sim_run(100 * NS_PER_MS);
    CHECK_EQ(size_count, 1);
    clean_up(&pair);
}

TEST(tcp_shape, more_joins_header_and_body)
{
    static const u32 expected[] = { 300 };
    struct pair pair = { 0 };

    open_lan(&pair);
    write_bytes(&pair.client, 100, true);
    write_bytes(&pair.client, 200, false);
    sizes_check(expected, 1);
    clean_up(&pair);
}

TEST(tcp_shape, long_write_does_not_wait_for_an_ack)
{
    static const u32 expected[] = { 1448, 1448, 1448, 656 };
    struct pair pair = { 0 };

    open_lan(&pair);
    write_bytes(&pair.client, 5000, false);
    sim_run(0);
    sizes_check(expected, 4);
    clean_up(&pair);
}

TEST(tcp_shape, pages_are_lent_and_given_back)
{
    struct pair pair = { 0 };
    struct page *page = page_alloc(0, 0);
    u8 *bytes = page_virt(page);

    open_lan(&pair);
    pair.server.deaf = true;
    for (u32 i = 0; i < PAGE_SIZE; i++)
        bytes[i] = peer_byte(pair.client.pattern, i);
    CHECK_EQ(tcp_send_page(pair.client.tcp, page, 0, 1000, true), 1000);
    CHECK_EQ(tcp_send_page(pair.client.tcp, page, 1000, 3096, false), 3096);
    CHECK(page->refs > 1);
    pair.server.deaf = false;
    sim_run(100 * NS_PER_MS);
    pair_pump(&pair);
    CHECK_EQ(pair.server.received, PAGE_SIZE);
    sim_run(100 * NS_PER_MS);
    CHECK_EQ(page->refs, 1);
    page_put(page);
    clean_up(&pair);
}

TEST(tcp_shape, pages_that_follow_each_other_go_together)
{
    struct page *page = page_alloc(0, PAGE_ALLOC_ZERO);
    struct pair pair = { 0 };
    u64 before;

    open_lan(&pair);
    pair.client.to_send = 1 << 20; /* So that the congestion window is wide. */
    CHECK(sim_run_until(pair_is_done, &pair, 60 * NS_PER_SECOND));
    sim_run(NS_PER_SECOND);
    before = net_counter(NET_TCP_OUT_SEGS);
    for (u32 i = 0; i < 16; i++)
        CHECK_EQ(tcp_send_page(pair.client.tcp, page, 0, PAGE_SIZE, i < 15), PAGE_SIZE);
    CHECK(net_counter(NET_TCP_OUT_SEGS) - before <= 4);
    CHECK_EQ(tcp_send_queued(pair.client.tcp), 16 * PAGE_SIZE);
    sim_run(NS_PER_SECOND);
    CHECK_EQ(tcp_send_queued(pair.client.tcp), 0);

    /* Nobody comes back: ACKs, and at last a timer, let go what waits. */
    for (u32 i = 0; i < 4; i++)
        CHECK_EQ(tcp_send_page(pair.client.tcp, page, 0, PAGE_SIZE, true), PAGE_SIZE);
    sim_run(NS_PER_SECOND);
    CHECK_EQ(tcp_send_queued(pair.client.tcp), 0);
    CHECK_EQ(tcp_receive_available(pair.server.tcp), 20 * PAGE_SIZE);
    page_put(page);
    clean_up(&pair);
}

TEST(tcp_shape, a_write_may_have_memory_made_free)
{
    struct pair pair = { 0 };
    void *memory;

    open_lan(&pair);
    fake_alloc_fail_after = 0; /* With the lock held; without it there is some. */
    CHECK_EQ(tcp_send_room(pair.client.tcp, 100, &memory), 100);
    tcp_send_commit(pair.client.tcp, 0, false);
    pair.client.to_send = 100;
    CHECK(sim_run_until(pair_is_done, &pair, NS_PER_SECOND));
    clean_up(&pair);
}

TEST(tcp_shape, many_tiny_pages_arrive)
{
    struct pair pair = { 0 };
    struct page *pages[2] = { page_alloc(0, 0), page_alloc(0, 0) };
    u64 sent = 0;

    open_lan(&pair);
    for (u32 i = 0; i < 20000; i++) {
        u32 off = i % PAGE_SIZE;
        long len;

        /* One byte from each page in turn, so that no two lie side by side. */
        ((u8 *)page_virt(pages[i % 2]))[off] = peer_byte(pair.client.pattern, sent);
        len = tcp_send_page(pair.client.tcp, pages[i % 2], off, 1, i % 100 != 99);
        CHECK(len == 1 || len == -EAGAIN);
        if (len == 1)
            sent++;
        if (len < 0 || off == PAGE_SIZE - 1) {
            sim_run(500 * NS_PER_MS);
            pair_pump(&pair);
        }
    }
    for (u32 i = 0; i < 20 && pair.server.received < sent; i++) {
        sim_run(NS_PER_SECOND);
        pair_pump(&pair);
    }
    CHECK_EQ(pair.server.received, sent);
    for (u32 i = 0; i < 2; i++)
        page_put(pages[i]);
    clean_up(&pair);
}

TEST(tcp_shape, writer_is_told_of_room)
{
    struct pair pair = { 0 };
    void *memory;
    u32 before;

    open_lan(&pair);
    pair.server.deaf = true;
    pair.client.to_send = 10000000;
    pair_pump(&pair);
    CHECK_EQ(tcp_send_room(pair.client.tcp, 1, &memory), -EAGAIN);
    CHECK(!(tcp_poll(pair.client.tcp) & POLLOUT));
    before = pair.client.notified;
    for (u32 i = 0; i < 50; i++)
        sim_run(NS_PER_MS);
    CHECK(pair.client.notified > before);
    CHECK(tcp_poll(pair.client.tcp) & POLLOUT);
    clean_up(&pair);
}

TEST(tcp_shape, options_keep_what_they_are_given)
{
    static const struct {
        enum tcp_option option;
        u64 set;
        int err;
        u64 get;
    } cases[] = {
        { TCP_OPT_NODELAY, 5, 0, 1 },
        { TCP_OPT_KEEPIDLE_S, 0, -EINVAL, 7200 },
        { TCP_OPT_KEEPIDLE_S, 32768, -EINVAL, 7200 },
        { TCP_OPT_KEEPIDLE_S, 60, 0, 60 },
        { TCP_OPT_KEEPINTVL_S, 7, 0, 7 },
        { TCP_OPT_KEEPCNT, 128, -EINVAL, 9 },
        { TCP_OPT_KEEPCNT, 3, 0, 3 },
        { TCP_OPT_SYNCNT, 0, -EINVAL, 6 },
        { TCP_OPT_MAXSEG, 10, -EINVAL, 536 },
        { TCP_OPT_MAXSEG, 1000, 0, 1000 },
        { TCP_OPT_SNDBUF, 1, 0, 4608 },
        { TCP_OPT_RCVBUF, 1, 0, 2304 },
        { TCP_OPT_TTL, 0, -EINVAL, 64 },
        { TCP_OPT_TTL, 1, 0, 1 },
        { TCP_OPT_LINGER2_S, (u64)-5, 0, (u64)-1 },
    };
    struct tcp *tcp;

    sim_init(&lan, 1);
    tcp = tcp_create(NULL, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK_EQ(tcp_set_option(tcp, cases[i].option, cases[i].set), cases[i].err);
        CHECK_EQ(tcp_get_option(tcp, cases[i].option), cases[i].get);
    }
    tcp_put(tcp);
    peers_check_gone();
}

TEST(tcp_shape, small_buffers_still_move_data)
{
    struct pair pair = { 0 };

    open_lan(&pair);
    CHECK_EQ(tcp_set_option(pair.client.tcp, TCP_OPT_SNDBUF, 1), 0);
    CHECK_EQ(tcp_set_option(pair.server.tcp, TCP_OPT_RCVBUF, 1), 0);
    pair.client.to_send = 200000;
    CHECK(sim_run_until(pair_is_done, &pair, 600 * NS_PER_SECOND));
    clean_up(&pair);
}

/* A peer whose SYN asks for segments of `*arg` bytes. */
static bool ask_for_mss(void *arg, u8 *ip, u32 len)
{
    const u32 *mss = arg;
    u8 *header = ip + (ip[0] & 15ul) * 4;
    u32 before = (u32)header[22] << 8 | header[23];
    u32 sum;

    (void)len;
    if (!(header[13] & TCP_SYN))
        return true;
    CHECK(header[20] == 2 && header[21] == 4); /* The option comes first. */
    sum =
        (~((u32)header[16] << 8 | header[17]) & 0xffff) + (~before & 0xffff) + *mss; /* RFC 1624 */
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    header[16] = (u8)(sum >> 8);
    header[17] = (u8)sum;
    header[22] = (u8)(*mss >> 8);
    header[23] = (u8)*mss;
    return true;
}

TEST(tcp_shape, no_peer_can_ask_for_no_bytes_at_all)
{
    static u32 cases[] = { 0, 1, 11, 12, 13, 40, 87, 88, 89, 535, 9000, 65535 };
    struct tcp_details details;

    sim_init(&lan, 1);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct pair pair = { 0 };

        sim_set_filter(ask_for_mss, &cases[i]);
        pair_open(&pair, NS_PER_SECOND);
        tcp_details(pair.client.tcp, &details);
        CHECK(details.snd_mss >= TCP_MSS_MIN - TCP_TIMESTAMP_SPACE && details.snd_mss <= 1448);
        pair.client.to_send = 20000;
        pair.server.to_send = 20000;
        CHECK(sim_run_until(pair_is_done, &pair, 60 * NS_PER_SECOND));
        clean_up(&pair);
    }
}
