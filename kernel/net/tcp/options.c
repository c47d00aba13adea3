/* SPDX-License-Identifier: Apache-2.0 */
/* Socket options of TCP, and what TCP_INFO and /proc/net/tcp show. */
#include "abi/linux/errors.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/tcp.h"
#include "kernel/net/tcp/connection.h"
#include "kernel/net/tcp/listener.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/tcp/transfer.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    KEEPALIVE_SECONDS_MAX = 32767, /* The limits of Linux. */
    KEEPALIVE_PROBES_MAX = 127,
    SYN_RETRIES_MAX = 127,
    LINGER2_SECONDS_MAX = 120,
    DEFER_SECONDS_MAX = 32767,
};

/* Which flag an option that is on or off stands for; 0: it is none of those. */
static u32 option_flag(enum tcp_option option)
{
    switch (option) {
    case TCP_OPT_NODELAY:
        return TCP_F_NODELAY;
    case TCP_OPT_CORK:
        return TCP_F_CORK;
    case TCP_OPT_KEEPALIVE:
        return TCP_F_KEEPALIVE;
    case TCP_OPT_REUSEADDR:
        return TCP_F_REUSEADDR;
    case TCP_OPT_REUSEPORT:
        return TCP_F_REUSEPORT;
    default:
        return 0;
    }
}

static bool in_range(u64 value, u64 low, u64 high)
{
    return value >= low && value <= high;
}

static bool option_is_valid(enum tcp_option option, u64 value)
{
    switch (option) {
    case TCP_OPT_KEEPIDLE_S:
    case TCP_OPT_KEEPINTVL_S:
        return in_range(value, 1, KEEPALIVE_SECONDS_MAX);
    case TCP_OPT_KEEPCNT:
        return in_range(value, 1, KEEPALIVE_PROBES_MAX);
    case TCP_OPT_SYNCNT:
        return in_range(value, 1, SYN_RETRIES_MAX);
    case TCP_OPT_MAXSEG:
        return value == 0 || in_range(value, TCP_MSS_MIN, TCP_MSS_WIRE_MAX);
    case TCP_OPT_USER_TIMEOUT_MS:
        return value <= INT32_MAX;
    case TCP_OPT_TTL:
        return in_range(value, 1, 255);
    default:
        return true;
    }
}

static int settings_set(struct tcp *tcp, enum tcp_option option, u64 value)
{
    struct tcp_settings *settings = tcp_settings_own(tcp);

    if (!settings)
        return -ENOMEM;
    switch (option) {
    case TCP_OPT_MAXSEG:
        settings->max_segment = (u16)value;
        if (tcp->state != TCP_CLOSED && tcp->state != TCP_LISTEN)
            connection_set_mss(tcp);
        return 0;
    case TCP_OPT_KEEPIDLE_S:
        settings->keepalive_idle_s = (u32)value;
        break;
    case TCP_OPT_KEEPINTVL_S:
        settings->keepalive_interval_s = (u16)value;
        break;
    case TCP_OPT_KEEPCNT:
        settings->keepalive_probes = (u8)value;
        break;
    case TCP_OPT_USER_TIMEOUT_MS:
        settings->user_timeout_ms = (u32)value;
        break;
    case TCP_OPT_LINGER2_S:
        settings->linger2_s = (s64)value < 0 ? -1 : (s32)u64_min(value, LINGER2_SECONDS_MAX);
        break;
    case TCP_OPT_SYNCNT:
        settings->syn_retries = (u8)value;
        break;
    case TCP_OPT_DEFER_ACCEPT_S:
        settings->defer_accept_s = (u16)u64_min(value, DEFER_SECONDS_MAX);
        break;
    case TCP_OPT_NOTSENT_LOWAT:
        settings->notsent_lowat = value == 0 ? UINT32_MAX : (u32)u64_min(value, UINT32_MAX);
        break;
    case TCP_OPT_TTL:
        settings->ttl = (u8)value;
        break;
    case TCP_OPT_TOS:
        settings->tos = (u8)value;
        break;
    case TCP_OPT_WINDOW_CLAMP:
        settings->window_clamp = value == 0 ? UINT32_MAX : (u32)u64_min(value, UINT32_MAX);
        tcp->rcv_wnd_max = u32_min(tcp->rcv_wnd_max, u32_max(settings->window_clamp, tcp->rcv_mss));
        return 0;
    default:
        return -EINVAL;
    }
    if (option == TCP_OPT_KEEPIDLE_S || option == TCP_OPT_KEEPINTVL_S) {
        connection_keepalive_start(tcp);
        connection_timer_update(tcp);
    }
    return 0;
}

static void flag_set(struct tcp *tcp, enum tcp_option option, u32 flag, bool on)
{
    tcp->flags = on ? tcp->flags | flag : tcp->flags & ~flag;
    if (option == TCP_OPT_KEEPALIVE) {
        connection_keepalive_start(tcp);
        connection_timer_update(tcp);
    }
    if ((option == TCP_OPT_NODELAY && on) || (option == TCP_OPT_CORK && !on))
        connection_output(tcp); /* What was held back may leave now. */
}

static void quickack_set(struct tcp *tcp, bool on)
{
    if (!on) {
        tcp->quick_acks = 0;
        tcp->flags |= TCP_F_PINGPONG;
        return;
    }
    tcp->quick_acks = TCP_QUICK_ACKS;
    tcp->flags &= ~(u32)TCP_F_PINGPONG;
    if (tcp->ack_deadline_ns != DEADLINE_NONE)
        segment_send_ack(tcp);
}

static void rcvbuf_set(struct tcp *tcp, u64 value)
{
    tcp->rcvbuf = (u32)u64_min(u64_max(value, TCP_RECEIVE_BUFFER_MIN), TCP_OPTION_BUFFER_MAX);
    tcp->rcv_wnd_max = u32_min(tcp->rcvbuf / 2, tcp_settings_of(tcp)->window_clamp);
    tcp->flags |= TCP_F_RCVBUF_LOCKED;
}

static int option_set_locked(struct tcp *tcp, enum tcp_option option, u64 value)
{
    u32 flag = option_flag(option);

    if (flag != 0) {
        flag_set(tcp, option, flag, value != 0);
        return 0;
    }
    switch (option) {
    case TCP_OPT_QUICKACK:
        quickack_set(tcp, value != 0);
        return 0;
    case TCP_OPT_SNDBUF:
        tcp->sndbuf = (u32)u64_min(u64_max(value, TCP_SEND_BUFFER_MIN), TCP_OPTION_BUFFER_MAX);
        tcp->flags |= TCP_F_SNDBUF_LOCKED;
        return 0;
    case TCP_OPT_RCVBUF:
        rcvbuf_set(tcp, value);
        return 0;
    default:
        return settings_set(tcp, option, value);
    }
}

int tcp_set_option(struct tcp *tcp, enum tcp_option option, u64 value)
{
    int err;

    if (!option_is_valid(option, value))
        return -EINVAL;
    connection_lock(tcp);
    err = option_set_locked(tcp, option, value);
    connection_unlock(tcp);
    return err;
}

static u64 option_get_locked(const struct tcp *tcp, enum tcp_option option)
{
    const struct tcp_settings *settings = tcp_settings_of(tcp);
    u32 flag = option_flag(option);

    if (flag != 0)
        return tcp_has(tcp, flag);
    switch (option) {
    case TCP_OPT_QUICKACK:
        return !tcp_has(tcp, TCP_F_PINGPONG);
    case TCP_OPT_SNDBUF:
        return tcp->sndbuf;
    case TCP_OPT_RCVBUF:
        return tcp->rcvbuf;
    case TCP_OPT_MAXSEG:
        return settings->max_segment != 0 && tcp->state == TCP_CLOSED ? settings->max_segment
                                                                      : tcp->mss;
    case TCP_OPT_KEEPIDLE_S:
        return settings->keepalive_idle_s;
    case TCP_OPT_KEEPINTVL_S:
        return settings->keepalive_interval_s;
    case TCP_OPT_KEEPCNT:
        return settings->keepalive_probes;
    case TCP_OPT_USER_TIMEOUT_MS:
        return settings->user_timeout_ms;
    case TCP_OPT_LINGER2_S:
        return (u64)(s64)settings->linger2_s;
    case TCP_OPT_SYNCNT:
        return settings->syn_retries;
    case TCP_OPT_DEFER_ACCEPT_S:
        return settings->defer_accept_s;
    case TCP_OPT_NOTSENT_LOWAT:
        return settings->notsent_lowat;
    case TCP_OPT_TTL:
        return settings->ttl;
    case TCP_OPT_TOS:
        return settings->tos;
    case TCP_OPT_WINDOW_CLAMP:
        return settings->window_clamp == UINT32_MAX ? 0 : settings->window_clamp;
    default:
        return 0;
    }
}

u64 tcp_get_option(struct tcp *tcp, enum tcp_option option)
{
    u64 value;

    spin_lock(&tcp->lock);
    value = option_get_locked(tcp, option);
    spin_unlock(&tcp->lock);
    return value;
}

/* ---- Reports. ---- */

static u32 ms_since(u64 now_ns, u32 then)
{
    return then == 0 ? 0 : (u32)(tcp_since_ns(now_ns, then) / NS_PER_MS);
}

static void details_of_data(const struct tcp *tcp, struct tcp_details *details)
{
    bool open = tcp->state != TCP_CLOSED && tcp->state != TCP_LISTEN && tcp->state != TCP_SYN_SENT;

    details->snd_mss = tcp->mss;
    details->rcv_mss = tcp->rcv_mss;
    details->advmss = tcp->route.mtu > 40 ? tcp->route.mtu - 40 : TCP_MSS_DEFAULT;
    details->pmtu = tcp->route.mtu;
    details->snd_cwnd = u32_max(tcp->cwnd / u32_max(tcp->mss, 1), 1);
    details->snd_ssthresh = tcp->ssthresh / u32_max(tcp->mss, 1);
    details->rcv_space = tcp->rcv_wnd_max;
    if (open) {
        details->unacked = (tcp->snd_nxt - tcp->snd_una + tcp->mss - 1) / tcp->mss;
        details->notsent_bytes = tcp_has(tcp, TCP_F_FIN_SENT) ? 0 : tcp->snd_end - tcp->snd_nxt;
        details->lost = (tcp->lost_end - tcp->rtx_next + tcp->mss - 1) / tcp->mss;
    }
    details->sacked = tcp->sacked_bytes / u32_max(tcp->mss, 1);
    details->total_retrans = tcp->total_retransmits;
    details->retransmits = tcp->retransmits;
    details->backoff = tcp->backoff;
    details->probes = tcp->probes;
    details->bytes_acked = tcp->bytes_acked;
    details->bytes_received = tcp->bytes_received;
}

static void connection_details(const struct tcp *tcp, struct tcp_details *details)
{
    u64 now_ns = clock_now_ns();

    mem_zero(details, sizeof(*details));
    details->state = tcp->state;
    details->rtt_us = tcp->srtt_us;
    details->rtt_var_us = tcp->rttvar_us;
    details->rto_us = (u32)(connection_rto_ns(tcp) / NS_PER_US);
    details->ato_us = (u32)(TCP_DELAYED_ACK_NS / NS_PER_US);
    details->ca_state = tcp->recovery;
    details->snd_wscale = tcp->snd_wscale;
    details->rcv_wscale = tcp->rcv_wscale;
    details->timestamps = tcp_has(tcp, TCP_F_TIMESTAMPS);
    details->sack = tcp_has(tcp, TCP_F_SACK);
    details->wscale = tcp_has(tcp, TCP_F_WSCALE);
    details->segs_out = tcp->segs_out;
    details->segs_in = tcp->segs_in;
    details->last_data_sent_ms = ms_since(now_ns, tcp->sent_at);
    details->last_data_recv_ms = ms_since(now_ns, tcp->heard_at);
    details->last_ack_recv_ms = ms_since(now_ns, tcp->heard_at);
    details_of_data(tcp, details);
    if (tcp->state == TCP_LISTEN) { /* What Linux shows there. */
        details->unacked = listener_queued(tcp->listener);
    }
}

void tcp_details(struct tcp *tcp, struct tcp_details *details)
{
    spin_lock(&tcp->lock);
    connection_details(tcp, details);
    spin_unlock(&tcp->lock);
}

struct visit {
    tcp_visit_fn *fn;
    void *arg;
};

static void visit_one(const struct visit *visit, struct tcp *tcp)
{
    struct tcp_details details;
    struct tcp_tuple tuple;

    spin_lock(&tcp->lock);
    connection_details(tcp, &details);
    tuple = tcp->node.tuple;
    spin_unlock(&tcp->lock);
    visit->fn(visit->arg, tcp, &details, (struct inet_address){ tuple.local_ip, tuple.local_port },
              (struct inet_address){ tuple.remote_ip, tuple.remote_port });
}

static void visit_node(void *arg, struct tcp_node *node)
{
    const struct visit *visit = arg;
    struct tcp_details details;

    if (node->kind == TCP_NODE_CONNECTION) {
        visit_one(visit, tcp_of_node(node));
        return;
    }
    mem_zero(&details, sizeof(details));
    details.state = node->kind == TCP_NODE_REQUEST ? TCP_SYN_RECEIVED : TCP_TIME_WAIT;
    visit->fn(visit->arg, NULL, &details,
              (struct inet_address){ node->tuple.local_ip, node->tuple.local_port },
              (struct inet_address){ node->tuple.remote_ip, node->tuple.remote_port });
}

static void visit_bound(void *arg, struct tcp *tcp)
{
    if (tcp->state == TCP_LISTEN)
        visit_one(arg, tcp);
}

void tcp_for_each(tcp_visit_fn *visit, void *arg)
{
    struct visit both = { visit, arg };

    tcp_ports_for_each(visit_bound, &both);
    tcp_table_for_each(visit_node, &both);
}
