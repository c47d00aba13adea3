/* SPDX-License-Identifier: Apache-2.0 */
/* TCP against itself over the simulated wire: every fault, every byte compared. */
#include "kernel/core/clock.h"
#include "kernel/net/netdev.h"
#include "lib/base/types.h"
#include "test/net/peer.h"
#include "test/net/sim.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#define LAN_NS (1 * NS_PER_MS)

/* SEED in the environment replaces it: to repeat a failure, or to look for one. */
static u64 seed_of_test(u64 seed)
{
    const char *text = getenv("SEED");

    if (text)
        seed = strtoull(text, NULL, 10);
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    return seed;
}

static void transfer(struct pair *pair, u64 up, u64 down, u64 limit_ns)
{
    pair->client.to_send = up;
    pair->server.to_send = down;
    pair->client.shut = true;
    pair->server.shut = true;
    CHECK(sim_run_until(pair_is_done, pair, limit_ns));
}

static void clean_up(struct pair *pair)
{
    pair_close(pair);
    peers_check_gone();
}

TEST(tcp_sim, opens_and_closes)
{
    struct sim_config config = { .delay_ns = LAN_NS };
    struct pair pair = { 0 };

    sim_init(&config, 1);
    pair_open(&pair, NS_PER_SECOND);
    CHECK_EQ(sim_counts()->sent, 3);
    transfer(&pair, 0, 0, NS_PER_SECOND);
    clean_up(&pair);
}

TEST(tcp_sim, carries_a_request_and_a_reply_without_a_bare_ack)
{
    struct sim_config config = { .delay_ns = LAN_NS };
    struct pair pair = { 0 };
    u64 sent;
    u64 start;

    sim_init(&config, 1);
    pair_open(&pair, NS_PER_SECOND);
    for (u32 i = 0; i < 100; i++) {
        pair.client.to_send += 100;
        CHECK(sim_run_until(pair_is_done, &pair, NS_PER_SECOND));
        pair.server.to_send += 1000;
        CHECK(sim_run_until(pair_is_done, &pair, NS_PER_SECOND));
    }
    sent = sim_counts()->sent;
    start = clock_now_ns();
    for (u32 i = 0; i < 100; i++) {
        pair.client.to_send += 100;
        CHECK(sim_run_until(pair_is_done, &pair, NS_PER_SECOND));
        pair.server.to_send += 1000;
        CHECK(sim_run_until(pair_is_done, &pair, NS_PER_SECOND));
    }
    CHECK_EQ(sim_counts()->sent - sent, 200);
    CHECK_EQ((clock_now_ns() - start) / NS_PER_MS, 200); /* Nothing ever waits for a timer. */
    clean_up(&pair);
}

TEST(tcp_sim, carries_megabytes_both_ways)
{
    struct sim_config config = { .delay_ns = LAN_NS };
    struct pair pair = { 0 };

    sim_init(&config, 1);
    pair_open(&pair, NS_PER_SECOND);
    transfer(&pair, 3000000, 5000000, 60 * NS_PER_SECOND);
    clean_up(&pair);
}

static void transfer_over(struct sim_config config, u64 seed)
{
    struct pair pair = { 0 };

    sim_init(&config, seed_of_test(seed));
    pair_open(&pair, 300 * NS_PER_SECOND);
    transfer(&pair, 400000, 1000000, 3600 * NS_PER_SECOND);
    pair_close(&pair);
    config = (struct sim_config){ .delay_ns = LAN_NS };
    sim_configure(&config);
    peers_check_gone();
}

TEST(tcp_sim, survives_loss_of_one_in_a_thousand)
{
    transfer_over((struct sim_config){ .delay_ns = 5 * LAN_NS, .loss_ppm = 1000 }, 2);
}

TEST(tcp_sim, survives_loss_of_one_in_fifty)
{
    transfer_over((struct sim_config){ .delay_ns = 5 * LAN_NS, .loss_ppm = 20000 }, 3);
}

TEST(tcp_sim, survives_loss_of_one_in_five)
{
    transfer_over((struct sim_config){ .delay_ns = 5 * LAN_NS, .loss_ppm = 200000 }, 4);
}

TEST(tcp_sim, survives_reordering)
{
    transfer_over((struct sim_config){ .delay_ns = 5 * LAN_NS, .reorder_ppm = 50000 }, 5);
}

TEST(tcp_sim, survives_jitter)
{
    transfer_over((struct sim_config){ .delay_ns = 5 * LAN_NS, .jitter_ns = 10 * NS_PER_MS }, 6);
}

TEST(tcp_sim, survives_duplication)
{
    transfer_over((struct sim_config){ .delay_ns = 5 * LAN_NS, .duplicate_ppm = 200000 }, 7);
}

TEST(tcp_sim, survives_corruption_and_truncation)
{
    transfer_over(
        (struct sim_config){ .delay_ns = 5 * LAN_NS, .corrupt_ppm = 20000, .truncate_ppm = 10000 },
        8);
}

TEST(tcp_sim, survives_everything_at_once)
{
    transfer_over((struct sim_config){ .delay_ns = 3 * LAN_NS,
                                       .jitter_ns = 2 * NS_PER_MS,
                                       .loss_ppm = 20000,
                                       .duplicate_ppm = 20000,
                                       .reorder_ppm = 20000,
                                       .corrupt_ppm = 5000,
                                       .truncate_ppm = 5000 },
                  9);
}

TEST(tcp_sim, survives_a_small_queue_with_segmentation_by_the_device)
{
    transfer_over((struct sim_config){ .features = NETDEV_TX_TSO4 | NETDEV_TX_CSUM,
                                       .delay_ns = 5 * LAN_NS,
                                       .bits_per_second = 50000000,
                                       .queue_max = 20 },
                  10);
}

TEST(tcp_sim, fills_the_link)
{
    struct sim_config config = { .features = NETDEV_TX_TSO4 | NETDEV_TX_CSUM,
                                 .delay_ns = 5 * LAN_NS,
                                 .bits_per_second = 100000000 };
    struct pair pair = { 0 };
    u64 start;
    u64 ideal;

    sim_init(&config, 11);
    pair_open(&pair, NS_PER_SECOND);
    start = clock_now_ns();
    transfer(&pair, 0, 8000000, 60 * NS_PER_SECOND);
    ideal = 8000000ull * 8 * NS_PER_SECOND / config.bits_per_second;
    /* Headers are 4 %, and slow start takes its time. */
    CHECK((clock_now_ns() - start) * 100 / ideal < 125);
    clean_up(&pair);
}

TEST(tcp_sim, small_writes_arrive)
{
    struct sim_config config = { .delay_ns = LAN_NS, .loss_ppm = 10000 };
    struct pair pair = { 0 };

    sim_init(&config, 12);
    pair_open(&pair, 60 * NS_PER_SECOND);
    pair.client.write_max = 13;
    pair.server.write_max = 3;
    transfer(&pair, 100000, 50000, 600 * NS_PER_SECOND);
    config.loss_ppm = 0;
    sim_configure(&config);
    clean_up(&pair);
}
