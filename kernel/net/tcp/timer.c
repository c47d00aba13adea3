/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: one timer a connection, armed for the nearest of its deadlines. A deadline that moves away,
 * or goes, leaves the timer alone: it fires once for nothing and is armed again. So the usual case,
 * a reply that settles both the ACK and the retransmission, does not touch the wheel.
 */
#include "abi/linux/errors.h"
#include "kernel/core/clock.h"
#include "kernel/net/net.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/transfer.h"
#include "kernel/net/timer_wheel.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    BACKOFF_MAX = 12,
};

/* RFC 6298 2, with the floor that everybody uses. */
void connection_rtt_sample(struct tcp *tcp, u32 rtt_us)
{
    u32 diff;

    if (tcp->srtt_us == 0) {
        tcp->srtt_us = u32_max(rtt_us, 1);
        tcp->rttvar_us = rtt_us / 2;
        return;
    }
    diff = rtt_us > tcp->srtt_us ? rtt_us - tcp->srtt_us : tcp->srtt_us - rtt_us;
    tcp->rttvar_us = tcp->rttvar_us - tcp->rttvar_us / 4 + diff / 4;
    tcp->srtt_us = u32_max(tcp->srtt_us - tcp->srtt_us / 8 + rtt_us / 8, 1);
}

u64 connection_rto_ns(const struct tcp *tcp)
{
    u64 rto;

    if (tcp->srtt_us == 0)
        return TCP_RTO_INITIAL_NS;
    rto = ((u64)tcp->srtt_us + u64_max(4ull * tcp->rttvar_us, TCP_RTO_MIN_NS / NS_PER_US)) *
          NS_PER_US;
    return u64_min(rto, TCP_RTO_MAX_NS);
}

static u64 backed_off(const struct tcp *tcp)
{
    return u64_min(connection_rto_ns(tcp) << tcp->backoff, TCP_RTO_MAX_NS);
}

void connection_rto_start(struct tcp *tcp)
{
    tcp->flags &= ~(u32)(TCP_F_PERSIST | TCP_F_CORK_WAIT | TCP_F_RTO_LATE);
    tcp->rto_deadline_ns = tcp->now_ns + backed_off(tcp);
}

void connection_timer_update(struct tcp *tcp)
{
    u64 deadline =
        u64_min(u64_min(tcp->rto_deadline_ns, tcp->ack_deadline_ns), tcp->idle_deadline_ns);

    if (deadline >= tcp->timer_deadline_ns || tcp->state == TCP_CLOSED)
        return;
    tcp->timer_deadline_ns = deadline;
    if (net_timer_arm(&tcp->timer, deadline))
        tcp_get(tcp);
}

void connection_keepalive_start(struct tcp *tcp)
{
    const struct tcp_settings *settings = tcp_settings_of(tcp);

    tcp->idle_deadline_ns = DEADLINE_NONE;
    if (tcp->state == TCP_FIN_WAIT_2 && tcp_has(tcp, TCP_F_ORPHAN)) {
        u32 seconds = settings->linger2_s == 0 ? TCP_FIN_TIMEOUT_S : (u32)settings->linger2_s;

        /* Below 0: it does not wait for the peer's FIN at all. */
        tcp->idle_deadline_ns =
            settings->linger2_s < 0 ? tcp->now_ns : tcp->now_ns + seconds * NS_PER_SECOND;
    } else if (tcp_has(tcp, TCP_F_KEEPALIVE) && tcp_has(tcp, TCP_F_CONNECTED) &&
               tcp->state != TCP_CLOSED) {
        tcp->idle_deadline_ns = tcp->now_ns - tcp_since_ns(tcp->now_ns, tcp->heard_at) +
                                settings->keepalive_idle_s * NS_PER_SECOND;
    }
}

static int timeout_error(const struct tcp *tcp)
{
    return tcp->soft_error != 0 ? tcp->soft_error : ETIMEDOUT;
}

/* How often to try in the state it is in. */
static u32 retries_max(const struct tcp *tcp)
{
    if (tcp->state == TCP_SYN_SENT)
        return tcp_settings_of(tcp)->syn_retries;
    if (tcp->state == TCP_SYN_RECEIVED)
        return TCP_SYNACK_RETRIES;
    return tcp_has(tcp, TCP_F_ORPHAN) ? TCP_ORPHAN_RETRIES : TCP_RETRIES;
}

static bool is_given_up(const struct tcp *tcp, u32 tries)
{
    u32 limit_ms = tcp_settings_of(tcp)->user_timeout_ms;

    if (limit_ms != 0)
        return tcp_since_ns(tcp->now_ns, tcp->progress_at) >= limit_ms * NS_PER_MS;
    return tries >= retries_max(tcp);
}

static void backoff_more(struct tcp *tcp)
{
    if (tcp->backoff < BACKOFF_MAX)
        tcp->backoff++;
}

static void retransmission_timeout(struct tcp *tcp)
{
    if (is_given_up(tcp, tcp->retransmits)) {
        if (tcp->state == TCP_SYN_SENT)
            net_count(NET_TCP_ATTEMPT_FAILS);
        connection_done(tcp, timeout_error(tcp));
        return;
    }
    if (tcp->retransmits < UINT8_MAX)
        tcp->retransmits++;
    backoff_more(tcp);
    connection_rto_start(tcp);
    if (tcp->state == TCP_SYN_SENT || tcp->state == TCP_SYN_RECEIVED) {
        tcp->total_retransmits++;
        segment_send_syn(tcp);
        return;
    }
    connection_enter_loss(tcp);
    connection_output(tcp);
}

/* Probes go on as long as they are answered (RFC 9293 3.8.6.1). */
static void persist_timeout(struct tcp *tcp)
{
    if (is_given_up(tcp, tcp->probes)) {
        segment_send_reset(tcp);
        connection_done(tcp, timeout_error(tcp));
        return;
    }
    tcp->probes++;
    backoff_more(tcp);
    tcp->rto_deadline_ns = tcp->now_ns + backed_off(tcp);
    /* A window too small to bother (RFC 1122 4.2.3.4): now it has to do. */
    if (tcp->snd_wnd > 0) {
        u32 len = u32_min(u32_min(tcp->snd_end - tcp->snd_nxt, tcp->snd_wnd), tcp->mss);

        if (output_forced(tcp, len))
            return;
    }
    segment_send_probe(tcp);
}

/* A small segment was held back for more to come (cork, MSG_MORE); it has waited long enough. */
static void cork_timeout(struct tcp *tcp)
{
    u32 corked = tcp->flags & TCP_F_CORK;

    tcp->flags &= ~(u32)(TCP_F_CORK | TCP_F_MORE | TCP_F_CORK_WAIT);
    tcp->rto_deadline_ns = DEADLINE_NONE;
    connection_output(tcp);
    tcp->flags |= corked;
}

/*
 * The whole machine did not run when this was due: others had its CPU, or it was paused. The ACK is
 * here, most likely, and will be looked at in a moment.
 */
static bool was_late(struct tcp *tcp)
{
    if (tcp->now_ns - tcp->rto_deadline_ns < TCP_RTO_LATE_NS || tcp_has(tcp, TCP_F_RTO_LATE))
        return false;
    tcp->flags |= TCP_F_RTO_LATE;
    tcp->rto_deadline_ns = tcp->now_ns + TCP_RTO_GRACE_NS;
    return true;
}

static void rto_timeout(struct tcp *tcp)
{
    if (was_late(tcp))
        return;
    if (tcp_has(tcp, TCP_F_CORK_WAIT)) {
        cork_timeout(tcp);
    } else if (tcp_has(tcp, TCP_F_PERSIST)) {
        persist_timeout(tcp);
    } else {
        retransmission_timeout(tcp);
    }
}

static void keepalive_timeout(struct tcp *tcp)
{
    const struct tcp_settings *settings = tcp_settings_of(tcp);
    u64 silent_ns = tcp_since_ns(tcp->now_ns, tcp->heard_at);
    u64 due = tcp->now_ns - silent_ns + settings->keepalive_idle_s * NS_PER_SECOND;
    u32 limit_ms = settings->user_timeout_ms;

    if (tcp->probes == 0 && due > tcp->now_ns) {
        tcp->idle_deadline_ns = due;
        return;
    }
    if (tcp->snd_nxt != tcp->snd_una || tcp->snd_end != tcp->snd_nxt) {
        /* Data is on its way: its own timer finds out. */
        tcp->idle_deadline_ns = tcp->now_ns + settings->keepalive_idle_s * NS_PER_SECOND;
        return;
    }
    if (tcp->probes >= settings->keepalive_probes ||
        (limit_ms != 0 && tcp->probes > 0 && silent_ns >= limit_ms * NS_PER_MS)) {
        segment_send_reset(tcp);
        connection_done(tcp, timeout_error(tcp));
        return;
    }
    tcp->probes++;
    tcp->idle_deadline_ns = tcp->now_ns + settings->keepalive_interval_s * NS_PER_SECOND;
    segment_send_probe(tcp);
}

static void idle_timeout(struct tcp *tcp)
{
    tcp->idle_deadline_ns = DEADLINE_NONE;
    if (tcp->state == TCP_FIN_WAIT_2 && tcp_has(tcp, TCP_F_ORPHAN)) {
        connection_done(tcp, 0);
    } else if (tcp_has(tcp, TCP_F_KEEPALIVE)) {
        keepalive_timeout(tcp);
    }
}

static void deadlines_check(struct tcp *tcp)
{
    if (tcp->ack_deadline_ns <= tcp->now_ns)
        segment_send_ack(tcp);
    if (tcp->rto_deadline_ns <= tcp->now_ns)
        rto_timeout(tcp);
    if (tcp->idle_deadline_ns <= tcp->now_ns)
        idle_timeout(tcp);
}

void connection_timer_fn(struct net_timer *timer)
{
    struct tcp *tcp = CONTAINER_OF(timer, struct tcp, timer);

    connection_lock(tcp);
    if (!net_timer_is_armed(timer))
        tcp->timer_deadline_ns = DEADLINE_NONE;
    if (tcp->state != TCP_CLOSED) {
        deadlines_check(tcp);
        connection_timer_update(tcp);
    }
    connection_unlock(tcp);
    connection_put(tcp);
}
