/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Programs at the two ends of a simulated TCP connection: each writes so many bytes of a pattern,
 * reads what comes and compares it, and closes when it should.
 */

#include "lib/base/types.h"

enum {
    PEER_PORT = 8080,
};

struct peer {
    struct tcp *tcp;
    u64 to_send; /* Bytes to write in all. */
    u64 sent;
    u64 received;
    u32 pattern; /* What it writes; the other end's `expect`. */
    u32 expect;
    u32 write_max; /* Bytes a write; 0: as many as there is room. */
    bool shut;     /* Shut down the writing side when all is written. */
    bool deaf;     /* Does not read. */
    bool eof;
    int error;    /* Positive, once something failed. */
    u32 notified; /* Calls of notify. */
};

/* A connection from SIM_IP_A to a listener at SIM_IP_B, both ends fresh. */
struct pair {
    struct tcp *listener;
    struct peer client;
    struct peer server;
};

/* Byte `at` of a pattern. */
u8 peer_byte(u32 pattern, u64 at);

struct tcp *peer_listen(u16 port, u32 backlog);
/* Starts to connect to SIM_IP_B. */
void peer_connect(struct peer *peer, u16 port);

/* Writes and reads what it can now. */
void peer_pump(struct peer *peer);

/* Listens and connects, and runs until both ends are there. Fails the test after `limit_ns`. */
void pair_open(struct pair *pair, u64 limit_ns);
void pair_pump(struct pair *pair);
/* Closes all three and puts them back. */
void pair_close(struct pair *pair);

/*
 * For sim_run_until(): pumps; true when all that was to be sent has arrived (and FINs, if `shut`).
 */
bool pair_is_done(void *pair);

void peer_close(struct peer *peer, bool abort);
/*
 * Runs until no connection is left (TIME-WAIT included); fails the test when one stays, or leaks.
 */
void peers_check_gone(void);
