/* SPDX-License-Identifier: Apache-2.0 */
/* What is left to do before the machine may end. See net_rest(). */
#include "kernel/net/arp.h"
#include "kernel/net/net.h"
#include "kernel/net/netdev.h"
#include "kernel/net/tcp.h"
#include "lib/base/types.h"

static enum net_rest rest_of(const struct tcp_details *details)
{
    switch (details->state) {
    case TCP_CLOSED:
    case TCP_LISTEN:
    case TCP_SYN_SENT:
    case TCP_TIME_WAIT:
        return NET_REST_NONE;
    case TCP_FIN_WAIT_1:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
        return NET_REST_UNSENT;
    default:
        return details->unacked != 0 || details->notsent_bytes != 0 ? NET_REST_UNSENT
                                                                    : NET_REST_UNCLOSED;
    }
}

/* Half-open connections of a listener have no `tcp`, and nothing to lose. */
static void visit(void *arg, struct tcp *tcp, const struct tcp_details *details,
                  struct inet_address local, struct inet_address remote)
{
    enum net_rest *least = arg;
    enum net_rest rest = tcp ? rest_of(details) : NET_REST_NONE;

    (void)local;
    (void)remote;
    if (rest < *least)
        *least = rest;
}

enum net_rest net_rest(void)
{
    enum net_rest least = NET_REST_NONE;

    tcp_for_each(visit, &least);
    if (arp_pending() != 0)
        least = NET_REST_UNSENT;
    /* Last: a connection that has just ended left its last ACK there. */
    for (u32 i = 1; i <= netdev_count(); i++) {
        if (!netdev_is_idle(netdev_at(i)))
            least = NET_REST_UNSENT;
    }
    return least;
}
