/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A wire for the stack to talk to itself over, under virtual time.
 *
 * There is one stack. Its only device, sim0, carries 127.0.0.0/8: what goes out comes in again, as
 * new pages with the same bytes, after a delay and whatever misfortune was asked for. So both ends
 * of a connection live in the same tables, at SIM_IP_A and SIM_IP_B, say, and everything between
 * the socket calls and the device is real: checksums are computed and verified, the path MTU is
 * small.
 *
 * Everything random comes from the seed: a failure repeats itself. Tests print it.
 *
 *     struct sim_config config = { .mtu = 1500, .delay_ns = 10 * NS_PER_MS, .loss_ppm = 10000 };
 *     sim_init(&config, seed);
 *     ... tcp_connect() ...
 *     CHECK(sim_run_until(done, &state, 100 * NS_PER_SECOND));
 */

#include "lib/base/types.h"

#define SIM_IP_A 0x7f000001u
#define SIM_IP_B 0x7f000002u

struct sim_config {
    u32 mtu;       /* 0: 1500. Set by sim_init() only. */
    u32 features;  /* NETDEV_TX_CSUM, NETDEV_TX_TSO4: what the device does by itself. Likewise. */
    u64 delay_ns;  /* One way. */
    u64 jitter_ns; /* Up to so much more, at random: packets overtake each other. */
    u64 bits_per_second; /* 0: no limit. */
    u32 queue_max;       /* Packets that wait for the wire; more are lost. 0: no limit. */
    u32 loss_ppm;        /* Each of these for each packet, in a million. */
    u32 duplicate_ppm;
    u32 reorder_ppm; /* Held back for three times the delay, or 10 ms. */
    u32 corrupt_ppm; /* One bit flips. */
    u32 truncate_ppm;
};

/* What went over the wire since sim_init(). */
struct sim_counts {
    u64 sent; /* As the wire sees them: after segmentation. */
    u64 bytes;
    u64 delivered;
    u64 lost;
    u64 queue_dropped;
    u64 duplicated;
    u64 reordered;
    u64 corrupted;
    u64 truncated;
};

/* Starts the stack (all but configuration) and the wire. Once in a test. */
void sim_init(const struct sim_config *config, u64 seed);

/* Other misfortunes from now on. */
void sim_configure(const struct sim_config *config);

/* Lets virtual time pass. */
void sim_run(u64 ns);

/* Until `done(arg)`; false when `limit_ns` have passed first. */
bool sim_run_until(bool (*done)(void *arg), void *arg, u64 limit_ns);

/* Packets on the wire. */
u32 sim_in_flight(void);

const struct sim_counts *sim_counts(void);

/*
 * Sees each packet as it enters the wire: `ip` is its IP header, `len` its length, all of it.
 * Returns whether it may pass; it may change bytes. NULL: none.
 */
typedef bool sim_filter_fn(void *arg, u8 *ip, u32 len);
void sim_set_filter(sim_filter_fn *filter, void *arg);

/* Puts a packet of the test's own making onto the wire (IP header first), now. */
void sim_inject(const u8 *ip, u32 len);
