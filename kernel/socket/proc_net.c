/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net: what the stack and its sockets are doing, in the words of Linux. */
#include "kernel/socket/proc_net.h"
#include "abi/linux/socket.h"
#include "kernel/fs/procfs.h"
#include "kernel/net/arp.h"
#include "kernel/net/net.h"
#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/socket/socket.h"
#include "kernel/socket/unix_internal.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"

enum {
    ROUTE_UP = 1,
    ROUTE_GATEWAY = 2,
    ROUTE_HOST = 4,
    ARP_COMPLETE = 2,
};

static void show_dev(struct proc_output *out, void *arg)
{
    (void)arg;
    proc_printf(out,
                "Inter-|   Receive                                                |  Transmit\n"
                " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
                "packets errs drop fifo colls carrier compressed\n");
    for (u32 i = 1; netdev_at(i); i++) {
        const struct netdev *dev = netdev_at(i);
        struct netdev_stats stats;

        netdev_stats(dev, &stats);
        proc_printf(out,
                    "%6s: %7llu %7llu %4llu %4llu    0     0          0         0 %8llu %7llu "
                    "%4llu %4llu    0     0       0          0\n",
                    dev->name, (unsigned long long)stats.rx_bytes,
                    (unsigned long long)stats.rx_packets, (unsigned long long)stats.rx_errors,
                    (unsigned long long)stats.rx_dropped, (unsigned long long)stats.tx_bytes,
                    (unsigned long long)stats.tx_packets, (unsigned long long)stats.tx_errors,
                    (unsigned long long)stats.tx_dropped);
    }
}

static void show_route(struct proc_output *out, void *arg)
{
    struct route_entry route;

    (void)arg;
    proc_printf(out, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow"
                     "\tIRTT\n");
    for (u32 i = 0; route_at(i, &route); i++) {
        u32 flags = ROUTE_UP | (route.gateway ? ROUTE_GATEWAY : 0) |
                    (route.prefix_len == 32 ? ROUTE_HOST : 0);

        if (route.netdev->features & NETDEV_LOOPBACK)
            continue;
        proc_printf(out, "%s\t%08X\t%08X\t%04X\t0\t0\t0\t%08X\t0\t0\t0\n", route.netdev->name,
                    be32_make(route.destination).raw, be32_make(route.gateway).raw, flags,
                    be32_make(prefix_mask(route.prefix_len)).raw);
    }
}

static void show_arp(struct proc_output *out, void *arg)
{
    struct neighbour_info info;

    (void)arg;
    proc_printf(out,
                "IP address       HW type     Flags       HW address            Mask     Device\n");
    for (u32 i = 0; arp_at(i, &info); i++) {
        char text[16];

        proc_net_ip(text, info.ip);
        proc_printf(
            out, "%-16s 0x1         0x%x         %02x:%02x:%02x:%02x:%02x:%02x     *        %s\n",
            text, info.complete ? ARP_COMPLETE : 0, info.mac[0], info.mac[1], info.mac[2],
            info.mac[3], info.mac[4], info.mac[5], info.netdev->name);
    }
}

struct listing {
    struct proc_output *out;
    u32 line;
};

static void show_socket(struct listing *listing, struct inet_address local,
                        struct inet_address remote, u32 state, u64 tx_bytes, u64 rx_bytes)
{
    proc_printf(listing->out,
                "%4u: %08X:%04X %08X:%04X %02X %08X:%08X 00:00000000 00000000     0        0 0 1 "
                "0000000000000000\n",
                listing->line++, be32_make(local.ip).raw, local.port, be32_make(remote.ip).raw,
                remote.port, state, (u32)tx_bytes, (u32)rx_bytes);
}

static void show_one_tcp(void *arg, struct tcp *tcp, const struct tcp_details *details,
                         struct inet_address local, struct inet_address remote)
{
    /* Linux' numbers of the states, by ours. */
    static const u8 states[] = { 7, 10, 2, 3, 1, 4, 5, 8, 11, 9, 6 };

    (void)tcp;
    show_socket(arg, local, remote, states[details->state], details->notsent_bytes, 0);
}

static void show_tcp(struct proc_output *out, void *arg)
{
    struct listing listing = { .out = out };

    (void)arg;
    proc_printf(out, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"
                     "   uid  timeout inode\n");
    tcp_for_each(show_one_tcp, &listing);
}

static void show_one_udp(void *arg, struct inet_address local, struct inet_address remote,
                         u32 queued_bytes)
{
    show_socket(arg, local, remote, remote.port ? 1 : 7, 0, queued_bytes);
}

static void show_udp(struct proc_output *out, void *arg)
{
    struct listing listing = { .out = out };

    (void)arg;
    proc_printf(out, "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"
                     "   uid  timeout inode ref pointer drops\n");
    udp_for_each(show_one_udp, &listing);
}

static void show_one_unix(void *arg, const struct unix_socket *us)
{
    struct listing *listing = arg;
    const struct unix_address *address = us->address;
    u32 state = us->listening || !us->connected ? 1 : 3;

    proc_printf(listing->out, "0000000000000000: %08X %08X %08X %04X %02X %5u", us->refs, 0,
                us->listening ? 0x10000 : 0, us->socket.type, state, ++listing->line);
    if (address && address->name.path[0] != '\0') {
        proc_printf(listing->out, " %.*s", (int)(address->len - 2), address->name.path);
    } else if (address) {
        proc_printf(listing->out, " @%.*s", (int)(address->len - 3), address->name.path + 1);
    }
    proc_printf(listing->out, "\n");
}

static void show_unix(struct proc_output *out, void *arg)
{
    struct listing listing = { .out = out };

    (void)arg;
    proc_printf(out, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    unix_for_each(show_one_unix, &listing);
}

static unsigned long long count(enum net_counter counter)
{
    return net_counter(counter);
}

static void show_snmp_ip(struct proc_output *out)
{
    proc_printf(out, "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams "
                     "InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes "
                     "ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates\n");
    proc_printf(out, "Ip: 2 64 %llu %llu %llu 0 %llu %llu %llu %llu %llu %llu",
                count(NET_IP_IN_RECEIVES), count(NET_IP_IN_HDR_ERRORS),
                count(NET_IP_IN_ADDR_ERRORS), count(NET_IP_IN_UNKNOWN_PROTOS),
                count(NET_IP_IN_DISCARDS), count(NET_IP_IN_DELIVERS), count(NET_IP_OUT_REQUESTS),
                count(NET_IP_OUT_DISCARDS), count(NET_IP_OUT_NO_ROUTES));
    proc_printf(out, " %llu %llu %llu %llu %llu %llu %llu\n", count(NET_IP_REASM_TIMEOUT),
                count(NET_IP_REASM_REQDS), count(NET_IP_REASM_OKS), count(NET_IP_REASM_FAILS),
                count(NET_IP_FRAG_OKS), count(NET_IP_FRAG_FAILS), count(NET_IP_FRAG_CREATES));
}

static void show_snmp_tcp(struct proc_output *out)
{
    proc_printf(out, "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens "
                     "AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts "
                     "InCsumErrors\n");
    proc_printf(out, "Tcp: 1 200 120000 -1 %llu %llu %llu %llu %llu", count(NET_TCP_ACTIVE_OPENS),
                count(NET_TCP_PASSIVE_OPENS), count(NET_TCP_ATTEMPT_FAILS),
                count(NET_TCP_ESTAB_RESETS), (unsigned long long)tcp_count());
    proc_printf(out, " %llu %llu %llu %llu %llu %llu\n", count(NET_TCP_IN_SEGS),
                count(NET_TCP_OUT_SEGS), count(NET_TCP_RETRANS_SEGS), count(NET_TCP_IN_ERRS),
                count(NET_TCP_OUT_RSTS), count(NET_TCP_IN_CSUM_ERRORS));
}

static void show_snmp(struct proc_output *out, void *arg)
{
    (void)arg;
    show_snmp_ip(out);
    proc_printf(out, "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InEchos "
                     "InEchoReps OutMsgs OutDestUnreachs OutEchoReps\n");
    proc_printf(out, "Icmp: %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
                count(NET_ICMP_IN_MSGS), count(NET_ICMP_IN_ERRORS), count(NET_ICMP_IN_CSUM_ERRORS),
                count(NET_ICMP_IN_DEST_UNREACHS), count(NET_ICMP_IN_TIME_EXCDS),
                count(NET_ICMP_IN_ECHOS), count(NET_ICMP_IN_ECHO_REPS), count(NET_ICMP_OUT_MSGS),
                count(NET_ICMP_OUT_DEST_UNREACHS), count(NET_ICMP_OUT_ECHO_REPS));
    show_snmp_tcp(out);
    proc_printf(out, "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors "
                     "InCsumErrors IgnoredMulti MemErrors\n");
    proc_printf(out, "Udp: %llu %llu %llu %llu %llu 0 %llu 0 0\n", count(NET_UDP_IN_DATAGRAMS),
                count(NET_UDP_NO_PORTS), count(NET_UDP_IN_ERRORS), count(NET_UDP_OUT_DATAGRAMS),
                count(NET_UDP_RCVBUF_ERRORS), count(NET_UDP_IN_CSUM_ERRORS));
}

static void show_netstat(struct proc_output *out, void *arg)
{
    (void)arg;
    proc_printf(out, "TcpExt: TCPRetransSegs\nTcpExt: %llu\n", count(NET_TCP_RETRANS_SEGS));
    proc_printf(out, "IpExt: InReceives OutRequests\nIpExt: %llu %llu\n", count(NET_IP_IN_RECEIVES),
                count(NET_IP_OUT_REQUESTS));
}

static void show_sockstat(struct proc_output *out, void *arg)
{
    struct tcp_totals tcp;

    (void)arg;
    tcp_totals(&tcp);
    proc_printf(out,
                "sockets: used %llu\nTCP: inuse %llu orphan %llu tw %llu alloc %llu mem 0\n"
                "UDP: inuse %llu mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n",
                (unsigned long long)socket_count(), (unsigned long long)tcp.connections,
                (unsigned long long)tcp.orphans, (unsigned long long)tcp.time_waits,
                (unsigned long long)tcp.connections, (unsigned long long)udp_count());
}

static void show_nothing(struct proc_output *out, void *arg)
{
    (void)out;
    (void)arg;
}

/* Programs that look for IPv6 find the files, and nothing in them. */
void sockets_init(void)
{
    procfs_add("net/dev", show_dev, NULL, NULL);
    procfs_add("net/route", show_route, NULL, NULL);
    procfs_add("net/arp", show_arp, NULL, NULL);
    procfs_add("net/tcp", show_tcp, NULL, NULL);
    procfs_add("net/tcp6", show_nothing, NULL, NULL);
    procfs_add("net/udp", show_udp, NULL, NULL);
    procfs_add("net/udp6", show_nothing, NULL, NULL);
    procfs_add("net/unix", show_unix, NULL, NULL);
    procfs_add("net/if_inet6", show_nothing, NULL, NULL);
    procfs_add("net/snmp", show_snmp, NULL, NULL);
    procfs_add("net/netstat", show_netstat, NULL, NULL);
    procfs_add("net/sockstat", show_sockstat, NULL, NULL);
    proc_sys_net_init();
}
