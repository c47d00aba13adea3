/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, routes and learned path MTUs. See route.h and ipv4.h. */
#include "kernel/net/route.h"

#include "abi/linux/errors.h"
#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/arp.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/netdev.h"
#include "lib/base/num.h"
#include "lib/base/types.h"
#include "lib/hash/fold.h"

enum {
    PMTU_SLOTS = 256, /* Direct-mapped: who collides forgets, and learns again. */
};
#define PMTU_LIFETIME_NS (600 * NS_PER_SECOND) /* RFC 1191 6.3 recommends ten minutes. */

struct pmtu {
    u32 destination; /* 0: empty. */
    u32 mtu;
    u64 expires_ns;
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_NET_TABLE);
static u32 generation = 1;                           /* [atomic] Changed under `lock`. */
static struct ipv4_address addresses[ADDRESSES_MAX]; /* Under `lock`; `ip` read without. */
static u32 addresses_end; /* [atomic] Slots from here on were never used. Changed under `lock`. */
static struct route_entry routes[ROUTES_MAX]; /* Under `lock`. Longest prefixes first. */
static struct pmtu pmtus[PMTU_SLOTS];         /* Under `lock`. */
static struct foldhash_key pmtu_key;          /* [const] */

void route_init(void)
{
    random_bytes(&pmtu_key, sizeof(pmtu_key));
}

static void changed_locked(void)
{
    __atomic_fetch_add(&generation, 1, __ATOMIC_RELEASE);
}

bool ipv4_route_is_current(const struct ipv4_route *route)
{
    /* Pairs with changed_locked(). */
    return route->generation == __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
}

static bool covers(const struct route_entry *route, u32 ip)
{
    return route->netdev && ((route->destination ^ ip) & prefix_mask(route->prefix_len)) == 0;
}

static const struct route_entry *route_match_locked(u32 ip)
{
    for (u32 i = 0; i < ROUTES_MAX && routes[i].netdev; i++) {
        if (covers(&routes[i], ip))
            return &routes[i];
    }
    return NULL;
}

static int route_insert_locked(const struct route_entry *route)
{
    u32 place = 0;

    if (routes[ROUTES_MAX - 1].netdev)
        return -ENOSPC;
    while (routes[place].netdev && routes[place].prefix_len >= route->prefix_len) {
        if (routes[place].prefix_len == route->prefix_len &&
            routes[place].destination == route->destination)
            return -EEXIST;
        place++;
    }
    for (u32 i = ROUTES_MAX - 1; i > place; i--)
        routes[i] = routes[i - 1];
    routes[place] = *route;
    changed_locked();
    return 0;
}

static struct ipv4_address *address_slot_locked(void)
{
    for (u32 i = 0; i < ADDRESSES_MAX; i++) {
        if (addresses[i].ip == 0)
            return &addresses[i];
    }
    return NULL;
}

int address_add(struct netdev *dev, u32 ip, u8 prefix_len)
{
    struct route_entry route = {
        .destination = ip & prefix_mask(prefix_len),
        .prefix_len = prefix_len,
        .source = ip,
        .netdev = dev,
    };
    struct ipv4_address *slot;
    int err = -ENOSPC;

    if (ipv4_is_local(ip) && !ipv4_is_loopback(ip))
        return -EEXIST;
    spin_lock(&lock);
    slot = address_slot_locked();
    if (slot) {
        slot->netdev = dev;
        slot->prefix_len = prefix_len;
        __atomic_store_n(&slot->ip, ip, __ATOMIC_RELEASE);
        if (slot == &addresses[addresses_end])
            __atomic_store_n(&addresses_end, addresses_end + 1, __ATOMIC_RELEASE);
        err = route_insert_locked(&route);
        changed_locked();
    }
    spin_unlock(&lock);
    return err;
}

void address_flush(struct netdev *dev)
{
    u32 kept = 0;

    spin_lock(&lock);
    for (u32 i = 0; i < ADDRESSES_MAX; i++) {
        if (addresses[i].netdev == dev) {
            __atomic_store_n(&addresses[i].ip, 0, __ATOMIC_RELEASE);
            addresses[i].netdev = NULL;
        }
    }
    for (u32 i = 0; i < ROUTES_MAX; i++) {
        struct route_entry route = routes[i];

        routes[i].netdev = NULL;
        if (route.netdev && route.netdev != dev)
            routes[kept++] = route;
    }
    changed_locked();
    spin_unlock(&lock);
}

bool address_at(u32 index, struct ipv4_address *address)
{
    bool found = false;

    spin_lock(&lock);
    for (u32 i = 0; i < ADDRESSES_MAX && !found; i++) {
        if (addresses[i].ip == 0 || index-- != 0)
            continue;
        *address = addresses[i];
        found = true;
    }
    spin_unlock(&lock);
    return found;
}

u32 address_of(const struct netdev *dev)
{
    u32 ip = 0;

    spin_lock(&lock);
    for (u32 i = 0; i < ADDRESSES_MAX && ip == 0; i++) {
        if (addresses[i].netdev == dev)
            ip = addresses[i].ip;
    }
    spin_unlock(&lock);
    return ip;
}

/* The address of ours to use towards `gateway` on `dev`; 0 when its networks do not hold it. */
static u32 source_towards_locked(const struct netdev *dev, u32 gateway)
{
    for (u32 i = 0; i < ADDRESSES_MAX; i++) {
        const struct ipv4_address *address = &addresses[i];

        /* On a /32 (some clouds) the gateway is reached directly, whatever its address. */
        if (address->netdev == dev && address->ip != 0 &&
            (address->prefix_len == 32 ||
             ((address->ip ^ gateway) & prefix_mask(address->prefix_len)) == 0))
            return address->ip;
    }
    return 0;
}

int route_add(struct netdev *dev, u32 destination, u8 prefix_len, u32 gateway)
{
    struct route_entry route = {
        .destination = destination & prefix_mask(prefix_len),
        .prefix_len = prefix_len,
        .gateway = gateway,
        .netdev = dev,
    };
    int err = -ENETUNREACH;

    spin_lock(&lock);
    route.source = source_towards_locked(dev, gateway);
    if (route.source != 0)
        err = route_insert_locked(&route);
    spin_unlock(&lock);
    return err;
}

bool route_at(u32 index, struct route_entry *route)
{
    bool found;

    spin_lock(&lock);
    found = index < ROUTES_MAX && routes[index].netdev;
    if (found)
        *route = routes[index];
    spin_unlock(&lock);
    return found;
}

bool ipv4_is_local(u32 ip)
{
    u32 end = __atomic_load_n(&addresses_end, __ATOMIC_RELAXED);

    if (ipv4_is_loopback(ip))
        return true;
    if (ip == 0)
        return false;
    for (u32 i = 0; i < end; i++) {
        if (__atomic_load_n(&addresses[i].ip, __ATOMIC_RELAXED) == ip)
            return true;
    }
    return false;
}

bool ipv4_is_broadcast(u32 ip)
{
    u32 end = __atomic_load_n(&addresses_end, __ATOMIC_RELAXED);

    if (ip == IPV4_BROADCAST)
        return true;
    for (u32 i = 0; i < end; i++) {
        u32 ours = __atomic_load_n(&addresses[i].ip, __ATOMIC_RELAXED);
        u32 mask = prefix_mask(addresses[i].prefix_len);

        if (ours != 0 && addresses[i].prefix_len < 31 && ip == (ours | ~mask))
            return true;
    }
    return false;
}

static struct pmtu *pmtu_slot(u32 destination)
{
    return &pmtus[foldhash(&pmtu_key, &destination, sizeof(destination)) % PMTU_SLOTS];
}

static u32 path_mtu_locked(u32 destination, u32 mtu)
{
    const struct pmtu *pmtu = pmtu_slot(destination);

    if (pmtu->destination != destination || pmtu->expires_ns <= clock_now_ns())
        return mtu;
    return u32_min(pmtu->mtu, mtu);
}

int ipv4_route_find(u32 destination, struct ipv4_route *route)
{
    bool is_ours = ipv4_is_local(destination);
    const struct route_entry *entry;
    int err = -ENETUNREACH;

    spin_lock(&lock);
    /* Our own addresses are reached through the loopback device, which has the route of 127/8. */
    entry = route_match_locked(is_ours ? IPV4_LOOPBACK : destination);
    if (!entry && destination == IPV4_BROADCAST)
        entry = route_match_locked(0);
    if (entry) {
        route->netdev = entry->netdev;
        route->next_hop = entry->gateway ? entry->gateway : destination;
        route->source = is_ours ? destination : entry->source;
        route->mtu = path_mtu_locked(destination, entry->netdev->mtu);
        route->is_broadcast = ipv4_is_broadcast(destination);
        route->generation = __atomic_load_n(&generation, __ATOMIC_RELAXED);
        err = 0;
    }
    spin_unlock(&lock);
    if (err == 0)
        route->neighbour = arp_find(route->netdev, route->next_hop);
    return err;
}

u32 ipv4_mtu(u32 destination)
{
    struct ipv4_route route;

    return ipv4_route_find(destination, &route) < 0 ? IPV4_MTU_MIN : route.mtu;
}

/* The next lower step of RFC 1191 7.1's table, for routers that do not say what gets through. */
static u32 lower_plateau(u32 mtu)
{
    static const u32 plateaus[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006 };

    for (size_t i = 0; i < ARRAY_COUNT(plateaus); i++) {
        if (plateaus[i] < mtu)
            return plateaus[i];
    }
    return IPV4_MTU_MIN;
}

u32 ipv4_mtu_learned(u32 destination, u32 mtu)
{
    u32 current = ipv4_mtu(destination);
    struct pmtu *pmtu;

    if (mtu == 0)
        mtu = lower_plateau(current);
    mtu = u32_max(mtu, IPV4_MTU_MIN);
    if (mtu >= current)
        return current;
    spin_lock(&lock);
    pmtu = pmtu_slot(destination);
    pmtu->destination = destination;
    pmtu->mtu = mtu;
    pmtu->expires_ns = clock_deadline(PMTU_LIFETIME_NS);
    changed_locked();
    spin_unlock(&lock);
    return mtu;
}
