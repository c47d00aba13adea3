/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The network stack as a whole: its start, its configuration, its counters.
 *
 * One Ethernet device is configured, the first that registers (eth0); the loopback device always
 * is. Configuration may come before the device: it is applied when that appears.
 */

#include "kernel/arch/cpu.h"
#include "lib/base/types.h"

struct netdev;

enum {
    NET_DNS_MAX = 3,
    NET_DOMAIN_SIZE = 64,
    NET_MTU_MIN = 576,
};

struct net_config {
    u32 ip;
    u8 prefix_len; /* 1..32 */
    u32 gateway;   /* 0: none. */
    u32 dns_count;
    u32 dns[NET_DNS_MAX];
    u32 mtu; /* 0: the device's own. */
    char domain[NET_DOMAIN_SIZE];
};

/* Prepares every protocol and the loopback device. Before drivers start. */
void net_init(void);

/* 0, or -EINVAL when it makes no sense. Replaces what was configured before. */
int net_config_static(const struct net_config *wanted) MUST_USE;

/* Asks a DHCP server, for ever, and renews what it gives. */
void net_config_dhcp(void);

/*
 * From here on `own->mtu` and `own->dns`, where they are set, stand in for what a DHCP server says.
 * Before net_config_dhcp().
 */
void net_config_prefer(const struct net_config *own);

/* The configuration in force; false while there is none. */
bool net_config_get(struct net_config *config);

/*
 * `changed` is called, in a bottom half or a thread, when a configuration comes into force, and at
 * once if there is one already. One caller: init, which waits for an address and reports it.
 */
void net_config_notify(void (*changed)(void));

/*
 * What /etc/resolv.conf should say, NUL-ended; its length. Empty while there are no name servers.
 */
size_t net_resolv_conf(char *text, size_t size);

/* The device configuration is for: the first that is not the loopback; or NULL. */
struct netdev *net_primary(void);

/* A device appeared. From netdev_register(). */
void net_device_added(struct netdev *dev);

/* For dhcp.c: a lease came into force, or (NULL) is lost. */
void net_config_apply(const struct net_config *wanted);

/*
 * How far the stack is from being done, for the end of the machine: what the program wrote before
 * it ended shall reach the peer.
 */
enum net_rest {
    NET_REST_UNSENT,   /* Something waits to be sent, or a byte or FIN of ours for its ACK. */
    NET_REST_UNCLOSED, /* Peers have everything, but not all of them have closed, too. */
    NET_REST_NONE,
};
enum net_rest net_rest(void);

/* Counters by their names in /proc/net/snmp; see net_counter_names. */
#define NET_COUNTERS(X)       \
    X(IP_IN_RECEIVES)         \
    X(IP_IN_HDR_ERRORS)       \
    X(IP_IN_ADDR_ERRORS)      \
    X(IP_IN_UNKNOWN_PROTOS)   \
    X(IP_IN_DISCARDS)         \
    X(IP_IN_DELIVERS)         \
    X(IP_OUT_REQUESTS)        \
    X(IP_OUT_DISCARDS)        \
    X(IP_OUT_NO_ROUTES)       \
    X(IP_REASM_TIMEOUT)       \
    X(IP_REASM_REQDS)         \
    X(IP_REASM_OKS)           \
    X(IP_REASM_FAILS)         \
    X(IP_FRAG_OKS)            \
    X(IP_FRAG_FAILS)          \
    X(IP_FRAG_CREATES)        \
    X(ICMP_IN_MSGS)           \
    X(ICMP_IN_ERRORS)         \
    X(ICMP_IN_CSUM_ERRORS)    \
    X(ICMP_IN_DEST_UNREACHS)  \
    X(ICMP_IN_TIME_EXCDS)     \
    X(ICMP_IN_ECHOS)          \
    X(ICMP_IN_ECHO_REPS)      \
    X(ICMP_OUT_MSGS)          \
    X(ICMP_OUT_DEST_UNREACHS) \
    X(ICMP_OUT_ECHO_REPS)     \
    X(UDP_IN_DATAGRAMS)       \
    X(UDP_NO_PORTS)           \
    X(UDP_IN_ERRORS)          \
    X(UDP_OUT_DATAGRAMS)      \
    X(UDP_RCVBUF_ERRORS)      \
    X(UDP_IN_CSUM_ERRORS)     \
    X(TCP_ACTIVE_OPENS)       \
    X(TCP_PASSIVE_OPENS)      \
    X(TCP_ATTEMPT_FAILS)      \
    X(TCP_ESTAB_RESETS)       \
    X(TCP_IN_SEGS)            \
    X(TCP_OUT_SEGS)           \
    X(TCP_RETRANS_SEGS)       \
    X(TCP_IN_ERRS)            \
    X(TCP_OUT_RSTS)           \
    X(TCP_IN_CSUM_ERRORS)     \
    X(ARP_IN_DROPPED)

enum net_counter {
#define X(name) NET_##name,
    NET_COUNTERS(X)
#undef X
    NET_COUNTER_COUNT,
};

struct net_counters {
    u64 value[NET_COUNTER_COUNT]; /* [cpu] */
} __attribute__((aligned(CACHE_LINE_SIZE)));

extern struct net_counters net_counters[CPUS_MAX];

/*
 * Adds one. Each CPU has its own: no lock, and no cache line that moves. Any context. An interrupt
 * between the load and the store of the same counter could lose one count: that is no harm in
 * statistics, and an atomic addition would cost ten times as much.
 */
static inline void net_count(enum net_counter counter)
{
    u64 *value = &net_counters[cpu_id()].value[counter];

    __atomic_store_n(value, __atomic_load_n(value, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

u64 net_counter(enum net_counter counter);
