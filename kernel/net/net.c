/* SPDX-License-Identifier: Apache-2.0 */
/* The stack's start, and its configuration. See net.h. */
#include "kernel/net/net.h"

#include "abi/linux/errors.h"
#include "kernel/core/log.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/arp.h"
#include "kernel/net/dhcp.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "kernel/net/tcp.h"
#include "kernel/net/timer_wheel.h"
#include "kernel/net/udp.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum mode {
    MODE_NONE,
    MODE_STATIC,
    MODE_DHCP,
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_NET_TABLE); /* All below. */
static enum mode mode;
static bool in_force;
static struct net_config config;
static struct net_config preferred; /* Its mtu and name servers. */
static void (*notify)(void);
static struct netdev *primary; /* [atomic] Set once. */

void net_init(void)
{
    netbuf_init();
    timer_wheel_init();
    route_init();
    arp_init();
    ipv4_init();
    udp_init();
    tcp_init();
    loopback_init();
}

struct netdev *net_primary(void)
{
    return __atomic_load_n(&primary, __ATOMIC_ACQUIRE);
}

static bool is_sensible(const struct net_config *wanted)
{
    return wanted->ip != 0 && !ipv4_is_multicast(wanted->ip) && !ipv4_is_loopback(wanted->ip) &&
           wanted->ip != IPV4_BROADCAST && wanted->prefix_len >= 1 && wanted->prefix_len <= 32 &&
           wanted->dns_count <= NET_DNS_MAX && (wanted->mtu == 0 || wanted->mtu >= NET_MTU_MIN);
}

/* Gives the device its address and routes. */
static void apply_to(struct netdev *dev, const struct net_config *wanted)
{
    int err;

    address_flush(dev);
    arp_flush(dev);
    dev->mtu = wanted->mtu ? u32_min(wanted->mtu, dev->mtu_max) : dev->mtu;
    err = address_add(dev, wanted->ip, wanted->prefix_len);
    if (err == 0 && wanted->gateway != 0) {
        /* A gateway outside of our network (clouds with a /32) needs a route of its own first. */
        if ((wanted->gateway ^ wanted->ip) & prefix_mask(wanted->prefix_len))
            err = route_add(dev, wanted->gateway, 32, 0);
        if (err == 0)
            err = route_add(dev, 0, 0, wanted->gateway);
    }
    if (err < 0)
        log_error("net: cannot configure %s: error %d", dev->name, -err);
    arp_announce(dev, wanted->ip);
}

static void say(const struct netdev *dev, const struct net_config *in)
{
    log_info("net: %s has %u.%u.%u.%u/%u, gateway %u.%u.%u.%u, mtu %u", dev->name, in->ip >> 24,
             in->ip >> 16 & 255, in->ip >> 8 & 255, in->ip & 255, in->prefix_len, in->gateway >> 24,
             in->gateway >> 16 & 255, in->gateway >> 8 & 255, in->gateway & 255, dev->mtu);
}

/* What the image says comes before what the network says. */
static void prefer(struct net_config *wanted) HOLDS(&lock)
{
    if (preferred.mtu != 0)
        wanted->mtu = preferred.mtu;
    if (preferred.dns_count == 0)
        return;
    wanted->dns_count = preferred.dns_count;
    for (u32 i = 0; i < preferred.dns_count; i++)
        wanted->dns[i] = preferred.dns[i];
}

void net_config_apply(const struct net_config *wanted)
{
    struct netdev *dev = net_primary();
    struct net_config next;
    void (*changed)(void);
    bool is_new;

    if (!dev)
        return;
    if (!wanted) {
        address_flush(dev);
        arp_flush(dev);
        spin_lock(&lock);
        in_force = false;
        spin_unlock(&lock);
        log_warn("net: %s has lost its address", dev->name);
        return;
    }
    next = *wanted;
    spin_lock(&lock);
    if (mode == MODE_DHCP)
        prefer(&next);
    is_new = !in_force || config.ip != next.ip || config.gateway != next.gateway ||
             config.prefix_len != next.prefix_len || config.mtu != next.mtu;
    spin_unlock(&lock);
    if (is_new) {
        apply_to(dev, &next);
        say(dev, &next);
    }
    /* Only now: who waits for it goes on at once. */
    spin_lock(&lock);
    config = next;
    in_force = true;
    changed = notify;
    spin_unlock(&lock);
    if (changed)
        changed();
}

int net_config_static(const struct net_config *wanted)
{
    if (!is_sensible(wanted))
        return -EINVAL;
    spin_lock(&lock);
    mode = MODE_STATIC;
    config = *wanted;
    in_force = false;
    spin_unlock(&lock);
    dhcp_stop();
    net_config_apply(wanted);
    return 0;
}

void net_config_prefer(const struct net_config *own)
{
    spin_lock(&lock);
    preferred = *own;
    spin_unlock(&lock);
}

void net_config_dhcp(void)
{
    struct netdev *dev = net_primary();

    spin_lock(&lock);
    mode = MODE_DHCP;
    in_force = false;
    spin_unlock(&lock);
    if (dev)
        dhcp_start(dev);
}

void net_device_added(struct netdev *dev)
{
    struct net_config wanted;
    enum mode now;
    bool is_first;

    if (dev->features & NETDEV_LOOPBACK)
        return;
    spin_lock(&lock);
    is_first = !primary;
    if (is_first)
        __atomic_store_n(&primary, dev, __ATOMIC_RELEASE);
    now = mode;
    wanted = config;
    spin_unlock(&lock);
    if (!is_first)
        return;
    if (now == MODE_STATIC) {
        net_config_apply(&wanted);
    } else if (now == MODE_DHCP) {
        dhcp_start(dev);
    }
}

bool net_config_get(struct net_config *copy)
{
    bool is_set;

    spin_lock(&lock);
    is_set = in_force;
    *copy = config;
    spin_unlock(&lock);
    return is_set;
}

void net_config_notify(void (*changed)(void))
{
    bool at_once;

    spin_lock(&lock);
    notify = changed;
    at_once = in_force;
    spin_unlock(&lock);
    if (at_once && changed)
        changed();
}

size_t net_resolv_conf(char *text, size_t size)
{
    struct net_config now;
    struct text out;

    text_init(&out, text, size);
    if (!net_config_get(&now))
        return 0;
    if (now.domain[0] != '\0')
        text_format(&out, "search %s\n", now.domain);
    for (u32 i = 0; i < now.dns_count; i++) {
        u32 ip = now.dns[i];

        text_format(&out, "nameserver %u.%u.%u.%u\n", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
                    ip & 255);
    }
    return out.len;
}
