/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inside of TCP: what a connection is, and who does what to it.
 *
 *            tcp_listen()  CLOSED  tcp_connect()
 *                 +----------+----------+
 *                 v                     v         syn_sent_input(): SYN without ACK
 *     LISTEN  (requests,            SYN_SENT ------------------------> SYN_RECEIVED
 *              request.c)               | syn_sent_input(): SYN, ACK        |
 *                 | request_establish() v       syn_received_input(): ACK   |
 *                 +--------------> ESTABLISHED <----------------------------+
 *              connection_send_fin()|        |fin_received()
 *                  FIN_WAIT_1 <-----+        +-----> CLOSE_WAIT
 *     fin_acked() |      | fin_received()                | connection_send_fin()
 *         FIN_WAIT_2   CLOSING                        LAST_ACK
 *     fin_received()|    | fin_acked()                   | fin_acked()
 *                   +----+--> TIME_WAIT (timewait.c)     +--> CLOSED: connection_done()
 *
 * A half-open connection of a listener is a `struct tcp_request`, one in TIME-WAIT a `struct
 * tcp_timewait`: both small, and in the same table as connections, by their common start, `struct
 * tcp_node`.
 *
 * Invariants, connection locked:
 *   1. snd_una <= snd_nxt <= end of the send queue + 1 (the FIN), around the circle.
 *   2. The send queue holds exactly the bytes [snd_una, snd_end) - a SYN not acknowledged aside.
 *   3. Each netbuf in `out_of_order` begins after rcv_nxt; they are sorted and do not overlap.
 *   4. rcv_nxt <= rcv_adv: the right edge of the window that was told never moves left.
 *   5. The SACK scoreboard is sorted, its ranges do not touch, and lie in (snd_una, snd_nxt].
 *   6. `timer_deadline_ns` is no later than each of the deadlines, while the state is not CLOSED.
 *   7. state CLOSED: not in the table, no timer, empty send queue.
 *   8. lost_end and rtx_next lie in [snd_una, snd_nxt].
 *
 * References: the owner's, the table's, that of an armed timer, that of the list of ACKs held back,
 * that of a listener's accept queue. Whoever works on a connection holds one of them.
 */

#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/queue.h"
#include "kernel/net/tcp/wire.h"
#include "kernel/net/timer_wheel.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

enum {
    TCP_WSCALE = 7,           /* 65535 << 7: 8 MiB, above every receive buffer. */
    TCP_MSS_DEFAULT = 536,    /* RFC 9293 3.7.1, for who does not say. */
    TCP_MSS_MIN = 88,         /* Smaller ones are an attack on the CPU. */
    TCP_MSS_WIRE_MAX = 65495, /* 65535 minus both headers. */
    TCP_INITIAL_WINDOW = 10,  /* RFC 6928, in segments. */
    TCP_DUPLICATE_ACKS = 3,   /* RFC 5681 3.2. */
    TCP_SACK_RANGES_MAX = 64, /* Of the scoreboard; what is more is forgotten, which is allowed. */
    TCP_QUICK_ACKS = 16,      /* Segments acknowledged at once at the start. */
    TCP_SEND_BUFFER = 87040,  /* The first size; grows with the congestion window. */
    TCP_SEND_BUFFER_MAX = 4 << 20,
    TCP_SEND_BUFFER_MIN = 4608,  /* What Linux raises smaller ones to. */
    TCP_RECEIVE_BUFFER = 131072, /* Memory; half of it is offered as window. */
    TCP_RECEIVE_BUFFER_MAX = 6 << 20,
    TCP_RECEIVE_BUFFER_MIN = 2304,
    TCP_OPTION_BUFFER_MAX = 16 << 20,
    TCP_RETRIES = 15, /* Of data: about 15 minutes. */
    TCP_SYN_RETRIES = 6,
    TCP_SYNACK_RETRIES = 5,
    TCP_ORPHAN_RETRIES = 8,
    TCP_ORPHANS_MAX = 8192, /* Connections without an owner; beyond, RST. */
    TCP_BACKLOG_MAX = 4096,
    TCP_KEEPALIVE_IDLE_S = 7200,
    TCP_KEEPALIVE_INTERVAL_S = 75,
    TCP_KEEPALIVE_PROBES = 9,
    TCP_FIN_TIMEOUT_S = 60,
    TCP_COARSE_SHIFT = 20,
    TCP_COARSE_AHEAD = 1 << 16, /* About a minute: what looks older than everything is ahead. */
};

#define TCP_RTO_INITIAL_NS (1 * NS_PER_SECOND)
#define TCP_RTO_MIN_NS     (200 * NS_PER_MS)
#define TCP_RTO_MAX_NS     (120 * NS_PER_SECOND)
#define TCP_RTO_LATE_NS    (20 * NS_PER_MS) /* Timers are not late by so much while we run. */
#define TCP_RTO_GRACE_NS   (10 * NS_PER_MS)
#define TCP_DELAYED_ACK_NS (40 * NS_PER_MS)
#define TCP_CORK_NS        (200 * NS_PER_MS)
#define TCP_TIME_WAIT_NS   (60 * NS_PER_SECOND)
#define TCP_PAWS_IDLE_NS   (24ull * 24 * 3600 * NS_PER_SECOND) /* RFC 7323 5.5. */

enum tcp_node_kind {
    TCP_NODE_CONNECTION,
    TCP_NODE_REQUEST,
    TCP_NODE_TIMEWAIT,
};

/* The four numbers that name a connection. */
struct tcp_tuple {
    u32 local_ip;
    u32 remote_ip;
    u16 local_port;
    u16 remote_port;
};

/* What the table holds. */
struct tcp_node {
    struct tcp_node *next; /* In its bucket; under the shard's lock. */
    u32 refs;              /* [atomic] */
    u32 hash;              /* Of `tuple`; set by tcp_table_insert(). */
    struct tcp_tuple tuple;
    u8 kind;     /* [const] enum tcp_node_kind */
    bool hashed; /* Under the shard's lock. */
};

/* Why less than everything is in flight; enum as in TCP_INFO's tcpi_ca_state. */
enum tcp_recovery {
    TCP_RECOVERY_OPEN,
    TCP_RECOVERY_DISORDER, /* Duplicate ACKs, but not enough of them. */
    TCP_RECOVERY_CWR,
    TCP_RECOVERY_FAST, /* Fast recovery, until snd_una reaches `recovery_end`. */
    TCP_RECOVERY_LOSS, /* After a retransmission timeout, likewise. */
};

/* What `cb` of a netbuf in a receive queue holds. */
enum tcp_cb {
    TCP_CB_SEQ,  /* Out of order: of the first byte. */
    TCP_CB_FIN,  /* Out of order: a FIN follows the payload. */
    TCP_CB_ROOM, /* In order: bytes free behind the last fragment, in a page of our own. */
};

enum tcp_connection_flags {
    TCP_F_NODELAY = 1u << 0,
    TCP_F_CORK = 1u << 1,
    TCP_F_MORE = 1u << 2, /* The writer says that more comes at once. */
    TCP_F_KEEPALIVE = 1u << 3,
    TCP_F_REUSEADDR = 1u << 4,
    TCP_F_REUSEPORT = 1u << 5,
    TCP_F_TIMESTAMPS = 1u << 6, /* Both sides sent the option. */
    TCP_F_SACK = 1u << 7,
    TCP_F_WSCALE = 1u << 8,
    TCP_F_FIN_QUEUED = 1u << 9, /* A FIN follows the send queue. */
    TCP_F_ACK_NOW = 1u << 10,   /* An ACK is due before this connection is unlocked or done. */
    TCP_F_ACK_HELD = 1u << 11,  /* On the list of this CPU's held back ACKs. */
    TCP_F_PINGPONG = 1u << 12,  /* Requests and replies take turns: delay ACKs. */
    TCP_F_NO_SPACE = 1u << 13,  /* The writer met a full buffer: tell it of room. */
    TCP_F_SHUT_READ = 1u << 14,
    TCP_F_SHUT_WRITE = 1u << 15,
    TCP_F_FIN_RECEIVED = 1u << 16,
    TCP_F_ORPHAN = 1u << 17,        /* tcp_close() was called: nobody reads or writes. */
    TCP_F_SNDBUF_LOCKED = 1u << 18, /* Set by option: not tuned. */
    TCP_F_RCVBUF_LOCKED = 1u << 19,
    TCP_F_PERSIST = 1u << 20,     /* rto_deadline_ns is that of a window probe. */
    TCP_F_RTT_RUNNING = 1u << 21, /* rtt_seq and rtt_start_ns time one segment. */
    TCP_F_BOUND = 1u << 22,       /* In the port table. */
    TCP_F_CONNECTED = 1u << 23,   /* Was ESTABLISHED at some time. */
    TCP_F_DSACK = 1u << 24,       /* `dsack` is to be told once. */
    TCP_F_CWND_LIMITED = 1u << 25,
    TCP_F_CORK_WAIT = 1u << 26, /* rto_deadline_ns is when a held small segment leaves. */
    TCP_F_FIN_SENT = 1u << 27,  /* snd_nxt counts the FIN. */
    TCP_F_RTO_LATE = 1u << 28,  /* rto_deadline_ns has been put off once, see was_late(). */
};

/* What few connections need: options set to other than the defaults. Copied to those accepted. */
struct tcp_settings {
    u32 keepalive_idle_s;
    u16 keepalive_interval_s;
    u8 keepalive_probes;
    u8 syn_retries;
    u32 user_timeout_ms;
    u16 defer_accept_s;
    s32 linger2_s;
    u32 notsent_lowat;
    u32 window_clamp;
    u16 max_segment; /* TCP_MAXSEG; 0: none. */
    u8 ttl;
    u8 tos;
};

struct tcp {
    struct tcp_node node;
    struct spinlock lock; /* LOCK_RANK_SOCKET. Everything below, but for what says otherwise. */
    u8 state;             /* enum tcp_state */
    u8 recovery;          /* enum tcp_recovery */
    u8 backoff;           /* Of the retransmission or probe timer, a power of two. */
    u8 probes;            /* Keepalive or window probes without an answer. */
    u32 flags;            /* enum tcp_connection_flags */
    u64 now_ns;           /* The clock at the entry into TCP. */
    tcp_notify_fn *notify;
    void *notify_arg;

    /* Sending (RFC 9293 3.3.1). */
    u32 snd_una;
    u32 snd_nxt;
    u32 snd_wnd; /* In bytes: scaled. */
    u32 snd_wl1; /* Segment of the last window update. */
    u32 snd_wl2;
    u32 snd_wnd_max; /* The largest window ever offered. */
    u32 snd_end;     /* Behind the last byte of the send queue. */
    u32 snd_small;   /* Behind the last segment sent that was not full: Minshall's Nagle. */
    u16 mss;         /* Payload of a full segment: options taken off. */
    u16 mss_peer;    /* What the peer offered. */
    u8 snd_wscale;
    u8 rcv_wscale;
    u8 quick_acks; /* Segments still to be acknowledged at once. */
    u8 sack_count; /* Ranges in `sacks`. */
    u32 sndbuf;
    u32 sent_at; /* When data or a FIN left last, tcp_coarse(). */
    struct tcp_queue queue;

    /* Congestion control, in bytes (RFC 5681, 6582, 6675). */
    u32 cwnd;
    u32 ssthresh;
    u32 cwnd_acked;   /* Acknowledged since cwnd grew last (RFC 3465). */
    u32 recovery_end; /* snd_nxt when the loss was found. */
    u32 lost_end;     /* What is not SACKed below this counts as lost. */
    u32 rtx_next;     /* Lost bytes below this were sent again. */
    u32 sacked_bytes; /* In the scoreboard; without SACK, what duplicate ACKs stand for. */
    u16 duplicate_acks;
    u8 retransmits;          /* Timeouts in a row, 255 at most. */
    u8 soft_error;           /* What ICMP said, reported if it ends in a timeout. */
    struct tcp_range *sacks; /* The scoreboard, allocated when first needed. */

    /* Round trip time (RFC 6298), nanoseconds. */
    u32 srtt_us;
    u32 rttvar_us;
    u64 rtt_start_ns;
    u32 rtt_seq;
    u32 resent_ms; /* When something was sent again last, tcp_clock_ms(). */

    /* Receiving. */
    u32 rcv_nxt;
    u32 rcv_adv;     /* Right edge of the window that was told. */
    u32 rcv_acked;   /* The last ACK sent. */
    u32 rcv_wnd_max; /* The window to offer when nothing is queued. */
    u32 rcv_mss;     /* Estimate of what the peer calls a full segment. */
    u32 rcvbuf;
    u32 rcv_memory;           /* Memory in both queues, whole pages. */
    u32 rcv_queued;           /* Bytes in `in_order` not consumed. */
    u32 rcv_consumed;         /* Since rcv_tune, to tune the buffer. */
    u32 rcv_rtt_us;           /* Round trip as the receiver sees it, by echoed timestamps. */
    struct list in_order;     /* struct netbuf: payload, in sequence. */
    struct list out_of_order; /* struct netbuf, invariant 3. */
    struct tcp_range rcv_sack[TCP_SACK_BLOCKS_MAX]; /* To tell, latest first; end == start: none. */
    struct tcp_range dsack;
    u32 ts_recent;
    u32 ts_offset;    /* [const] Added to the clock in our timestamps. */
    u32 ts_recent_at; /* tcp_coarse() */
    u32 rcv_tune;     /* When it was looked at last, tune_clock(). */

    /* Timers: deadlines in nanoseconds, and the one timer for the nearest of them. */
    u64 rto_deadline_ns; /* Retransmission, window probe or cork, by flags. */
    u64 ack_deadline_ns;
    u64 idle_deadline_ns; /* Keepalive; FIN-WAIT-2 of an orphan. */
    u64 timer_deadline_ns;
    u32 progress_at; /* When the peer last acknowledged anything or first had to, tcp_coarse(). */
    u32 heard_at;    /* When the last segment came, likewise. */
    struct net_timer timer;

    struct ipv4_route route;
    struct tcp_settings *settings; /* NULL: all defaults. */
    struct tcp_listener *listener; /* Of a listener; [const] until the last reference goes. */
    struct list bind_link; /* Of the port table, or [parent listener's lock] accept queue. */
    struct tcp *held_next; /* [cpu] In the list of held back ACKs. */
    u16 bind_port;         /* Under the port table's lock. */
    bool bound_any;        /* Bound to every address. */
    u8 error;              /* Pending, positive. */

    /* For TCP_INFO. */
    u32 segs_in;
    u32 segs_out;
    u32 total_retransmits;
    u64 bytes_acked;
    u64 bytes_received;
};

/* A segment that came in, parsed. */
struct tcp_segment {
    struct tcp_header header;
    struct tcp_tuple tuple;
    u32 seq; /* Of the first byte of `buf`. Moves when the front is trimmed. */
    u32 len; /* Of the payload. */
    u64 now_ns;
};

/* What net.h does not count, for /proc/net/netstat and tests. [atomic] relaxed. */
struct tcp_counters {
    u64 listen_overflows;
    u64 cookies_sent;
    u64 cookies_accepted;
    u64 challenge_acks;
    u64 out_of_order_pruned;
};
extern struct tcp_counters tcp_counters;

static inline void tcp_tally(u64 *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); /* Only ever read for reports. */
}

static inline u32 tcp_clock_ms(u64 now_ns)
{
    return (u32)(now_ns / NS_PER_MS);
}

/*
 * A moment in 4 bytes, in units of about a millisecond: for spans of time that are long or need not
 * be exact. It goes round in 52 days.
 */
static inline u32 tcp_coarse(u64 now_ns)
{
    return (u32)(now_ns >> TCP_COARSE_SHIFT);
}

/*
 * How long ago that was, a unit more or less. `then` may be a little ahead: another CPU's clock, or
 * a segment that was stamped before it waited for the connection.
 */
static inline u64 tcp_since_ns(u64 now_ns, u32 then)
{
    u32 units = tcp_coarse(now_ns) - then;

    return units > UINT32_MAX - TCP_COARSE_AHEAD ? 0 : (u64)units << TCP_COARSE_SHIFT;
}

static inline bool tcp_has(const struct tcp *tcp, u32 flag)
{
    return (tcp->flags & flag) != 0;
}

static inline struct tcp *tcp_of_node(struct tcp_node *node)
{
    return CONTAINER_OF(node, struct tcp, node);
}

/* Takes one more reference. */
static inline struct tcp *tcp_get(struct tcp *tcp)
{
    __atomic_fetch_add(&tcp->node.refs, 1, __ATOMIC_RELAXED); /* The caller holds one already. */
    return tcp;
}

/* Data of ours can be on its way, or is. */
static inline bool tcp_can_send(const struct tcp *tcp)
{
    return (1u << tcp->state & (1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT |
                                1u << TCP_FIN_WAIT_1 | 1u << TCP_CLOSING | 1u << TCP_LAST_ACK)) !=
           0;
}

/* Data of the peer's can still come. */
static inline bool tcp_can_receive(const struct tcp *tcp)
{
    return (1u << tcp->state &
            (1u << TCP_ESTABLISHED | 1u << TCP_FIN_WAIT_1 | 1u << TCP_FIN_WAIT_2)) != 0;
}

/* ---- connection.c: life and death. ---- */

/* A connection with one reference, in state CLOSED. */
struct tcp *connection_create(void) MUST_USE;
/* Locks it and looks at the clock. */
void connection_lock(struct tcp *tcp) ACQUIRES(&tcp->lock);
void connection_unlock(struct tcp *tcp) RELEASES(&tcp->lock);
/* Gives a reference back; the last frees. No lock held. */
void connection_put(struct tcp *tcp);
/* To CLOSED, out of the table, with `error` (0: none) for the owner. Locked. */
void connection_done(struct tcp *tcp, int error);
/* From CLOSED to as good as new, but for options. Locked, bound to no port. */
void connection_renew(struct tcp *tcp);
/* To TIME-WAIT: a small record takes its place in the table. Locked. */
void connection_time_wait(struct tcp *tcp);
/* Queues the FIN and moves the state on. Locked. */
void connection_send_fin(struct tcp *tcp);
/* Tells the owner. Locked. */
void connection_notify(struct tcp *tcp, u32 events);
/* The poll(2) events that hold. Locked. */
u32 connection_poll(const struct tcp *tcp);
/* Route, MSS and initial windows from what is known of the path. 0, or -ENETUNREACH. Locked. */
int connection_route(struct tcp *tcp) MUST_USE;
void connection_set_mss(struct tcp *tcp);
/* Whether the handshake's options ask for it: initial congestion window and timers. Locked. */
void connection_established(struct tcp *tcp);
/* Initial sequence number (RFC 6528) and timestamp offset of a tuple. */
u32 tcp_initial_seq(const struct tcp_tuple *tuple, u64 now_ns);
u32 tcp_timestamp_offset(const struct tcp_tuple *tuple);
const struct tcp_settings *tcp_settings_of(const struct tcp *tcp);
/* Room for settings of its own, NULL when memory is out. Locked. */
struct tcp_settings *tcp_settings_own(struct tcp *tcp) MUST_USE;
void connection_init(void);
u64 connection_count(void);
/* Nobody owns it any more. False when there are too many of those. Locked. */
bool connection_orphan(struct tcp *tcp) MUST_USE;
u64 connection_orphan_count(void);
