/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbour table. See arp.h for the states. */
#include "kernel/net/arp.h"

#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/log.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/heap.h"
#include "kernel/net/arp_wire.h"
#include "kernel/net/ethernet.h"
#include "kernel/net/ipv4.h"
#include "kernel/net/net.h"
#include "kernel/net/netbuf.h"
#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "kernel/net/timer_wheel.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "lib/hash/fold.h"

enum {
    BUCKETS = 256,
    TRIES_MAX = 3,
};
#define RETRY_NS     NS_PER_SECOND
#define REACHABLE_NS (30 * NS_PER_SECOND) /* Half to 1.5 times this, as RFC 4861 6.3.2. */
#define SETTLE_NS    NS_PER_SECOND        /* No second change of address so soon. */

enum neighbour_state {
    NEIGHBOUR_FREE,
    NEIGHBOUR_INCOMPLETE,
    NEIGHBOUR_REACHABLE,
    NEIGHBOUR_STALE,
    NEIGHBOUR_PROBE,
};

/* `link` is the MAC address in the low 48 bits, and: */
#define LINK_VALID (1ull << 48) /* The address may be used. */
#define LINK_QUIET (1ull << 49) /* Using it needs no further step. */

struct neighbour {
    u64 link; /* [atomic] Written under `lock`; 0 before `ip` or `netdev` change. */
    u32 ip;   /* [atomic] Likewise. */
    struct netdev *netdev;
    /* Under `lock`: */
    enum neighbour_state state;
    u8 tries;
    u32 pending_count;
    u64 changed_ns; /* When its MAC address last changed. */
    struct list bucket_link;
    struct list age_link; /* In `by_age`, oldest first. */
    struct list pending;
    struct net_timer timer;
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_NET_TABLE); /* All below. */
static struct list buckets[BUCKETS];
static struct list by_age = LIST_INIT(by_age);
static struct list free_list = LIST_INIT(free_list);
static u32 neighbour_count; /* Ever made. */
static u32 pending_total;
static struct foldhash_key key; /* [const] */

/*
 * What has to be done once `lock` is given back: the device may want to sleep on locks of its own.
 */
struct arp_work {
    struct netdev *netdev;
    bool ask;
    bool ask_everybody;
    u32 ip;
    u8 mac[MAC_SIZE];
    struct list to_send; /* Packets that wait no longer. */
    struct list to_drop;
};

static void work_init(struct arp_work *work, struct netdev *dev)
{
    mem_zero(work, sizeof(*work));
    work->netdev = dev;
    list_init(&work->to_send);
    list_init(&work->to_drop);
}

static u64 link_make(const u8 mac[MAC_SIZE])
{
    u64 link = 0;

    mem_copy(&link, mac, MAC_SIZE);
    return link;
}

static void link_mac(u64 link, u8 mac[MAC_SIZE])
{
    mem_copy(mac, &link, MAC_SIZE);
}

static void send_arp(struct netdev *dev, u16 operation, u32 sender_ip, u32 target_ip,
                     const u8 target_mac[MAC_SIZE], const u8 to[MAC_SIZE])
{
    struct arp_packet packet = { .operation = operation,
                                 .sender_ip = sender_ip,
                                 .target_ip = target_ip };
    struct netbuf *buf = netbuf_create();
    u8 *bytes;

    if (!buf)
        return;
    mem_copy(packet.sender_mac, dev->mac, MAC_SIZE);
    mem_copy(packet.target_mac, target_mac, MAC_SIZE);
    bytes = netbuf_push(buf, ARP_SIZE);
    if (!bytes) {
        netbuf_destroy(buf);
        return;
    }
    arp_emit(bytes, &packet);
    ethernet_output(dev, buf, to, ETHERTYPE_ARP, false);
}

static void work_finish(struct arp_work *work)
{
    static const u8 nobody[MAC_SIZE];
    struct list *node = list_pop_front(&work->to_send);

    netbuf_destroy_list(&work->to_drop);
    while (node) {
        struct netbuf *buf = LIST_ENTRY(node, struct netbuf, link);

        node = list_pop_front(&work->to_send);
        ethernet_output(work->netdev, buf, work->mac, ETHERTYPE_IPV4, node != NULL);
    }
    if (work->ask) {
        send_arp(work->netdev, ARP_REQUEST, address_of(work->netdev), work->ip, nobody,
                 work->ask_everybody ? ethernet_broadcast : work->mac);
    }
}

static struct list *bucket_of(const struct netdev *dev, u32 ip)
{
    u32 words[2] = { ip, dev->index };

    return &buckets[foldhash(&key, words, sizeof(words)) % BUCKETS];
}

static struct neighbour *find_locked(const struct netdev *dev, u32 ip)
{
    struct list *bucket = bucket_of(dev, ip);
    struct list *node;

    LIST_FOR_EACH (bucket, node) {
        struct neighbour *neighbour = LIST_ENTRY(node, struct neighbour, bucket_link);

        if (neighbour->ip == ip && neighbour->netdev == dev)
            return neighbour;
    }
    return NULL;
}

static void set_link_locked(struct neighbour *neighbour, u64 link)
{
    __atomic_store_n(&neighbour->link, link, __ATOMIC_RELEASE);
}

static void drop_pending_locked(struct neighbour *neighbour, struct arp_work *work)
{
    pending_total -= neighbour->pending_count;
    neighbour->pending_count = 0;
    list_splice_back(&work->to_drop, &neighbour->pending);
}

static void free_locked(struct neighbour *neighbour, struct arp_work *work)
{
    drop_pending_locked(neighbour, work);
    set_link_locked(neighbour, 0);
    net_timer_cancel(&neighbour->timer);
    neighbour->state = NEIGHBOUR_FREE;
    list_remove(&neighbour->bucket_link);
    list_remove(&neighbour->age_link);
    list_push_back(&free_list, &neighbour->age_link);
}

static void timer_expired(struct net_timer *timer);

static struct neighbour *allocate_locked(void)
{
    struct neighbour *neighbour;

    if (neighbour_count >= NEIGHBOURS_MAX)
        return NULL;
    neighbour = heap_alloc_zero(sizeof(*neighbour));
    if (!neighbour)
        return NULL;
    neighbour_count++;
    list_init(&neighbour->bucket_link);
    list_init(&neighbour->pending);
    net_timer_init(&neighbour->timer, timer_expired);
    list_push_back(&free_list, &neighbour->age_link);
    return neighbour;
}

/* The oldest that may go: a stale one, or, for packets of our own, any. */
static struct neighbour *victim_locked(bool only_stale)
{
    struct list *node;

    LIST_FOR_EACH (&by_age, node) {
        struct neighbour *neighbour = LIST_ENTRY(node, struct neighbour, age_link);

        if (!only_stale || neighbour->state == NEIGHBOUR_STALE)
            return neighbour;
    }
    return NULL;
}

static struct neighbour *create_locked(struct netdev *dev, u32 ip, bool only_stale,
                                       struct arp_work *work)
{
    struct neighbour *neighbour;

    if (list_is_empty(&free_list) && !allocate_locked()) {
        neighbour = victim_locked(only_stale);
        if (!neighbour)
            return NULL;
        free_locked(neighbour, work);
    }
    neighbour = LIST_ENTRY(list_pop_front(&free_list), struct neighbour, age_link);
    __atomic_store_n(&neighbour->ip, ip, __ATOMIC_RELEASE);
    __atomic_store_n(&neighbour->netdev, dev, __ATOMIC_RELEASE);
    neighbour->changed_ns = 0;
    list_push_back(bucket_of(dev, ip), &neighbour->bucket_link);
    list_push_back(&by_age, &neighbour->age_link);
    return neighbour;
}

/* Asks, or asks again; gives up after TRIES_MAX. */
static void ask_locked(struct neighbour *neighbour, struct arp_work *work)
{
    neighbour->tries++;
    work->ask = true;
    work->ask_everybody = neighbour->state == NEIGHBOUR_INCOMPLETE;
    work->ip = neighbour->ip;
    link_mac(neighbour->link, work->mac);
    net_timer_arm(&neighbour->timer, clock_deadline(RETRY_NS));
}

static void set_state_locked(struct neighbour *neighbour, enum neighbour_state state)
{
    u64 mac = neighbour->link & (LINK_VALID - 1);

    neighbour->state = state;
    neighbour->tries = 0;
    switch (state) {
    case NEIGHBOUR_REACHABLE:
        set_link_locked(neighbour, mac | LINK_VALID | LINK_QUIET);
        net_timer_arm(&neighbour->timer,
                      clock_deadline(REACHABLE_NS / 2 + random_below(REACHABLE_NS)));
        break;
    case NEIGHBOUR_PROBE:
        set_link_locked(neighbour, mac | LINK_VALID | LINK_QUIET);
        break;
    case NEIGHBOUR_STALE:
        set_link_locked(neighbour, mac | LINK_VALID);
        net_timer_cancel(&neighbour->timer);
        break;
    default:
        set_link_locked(neighbour, 0);
        break;
    }
}

static void expired_locked(struct neighbour *neighbour, struct arp_work *work)
{
    switch (neighbour->state) {
    case NEIGHBOUR_REACHABLE:
        set_state_locked(neighbour, NEIGHBOUR_STALE);
        break;
    case NEIGHBOUR_PROBE:
        if (neighbour->tries >= TRIES_MAX)
            set_state_locked(neighbour, NEIGHBOUR_INCOMPLETE);
        ask_locked(neighbour, work);
        break;
    case NEIGHBOUR_INCOMPLETE:
        if (neighbour->tries >= TRIES_MAX) {
            free_locked(neighbour, work);
        } else {
            ask_locked(neighbour, work);
        }
        break;
    default:
        break;
    }
}

static void timer_expired(struct net_timer *timer)
{
    struct neighbour *neighbour = CONTAINER_OF(timer, struct neighbour, timer);
    struct arp_work work;

    spin_lock(&lock);
    work_init(&work, neighbour->netdev);
    /* It was armed anew since it fired: then it is not this one's turn. */
    if (!net_timer_is_armed(timer))
        expired_locked(neighbour, &work);
    spin_unlock(&lock);
    work_finish(&work);
}

struct neighbour *arp_find(struct netdev *dev, u32 ip)
{
    struct neighbour *neighbour;

    if (dev->features & NETDEV_LOOPBACK)
        return NULL;
    spin_lock(&lock);
    neighbour = find_locked(dev, ip);
    spin_unlock(&lock);
    return neighbour;
}

/* The packet waits for an answer; the oldest one has to go when there are too many. */
static void queue_locked(struct neighbour *neighbour, struct netbuf *buf, struct arp_work *work)
{
    struct list *oldest = NULL;

    if (neighbour->pending_count >= NEIGHBOUR_PENDING_MAX || pending_total >= ARP_PENDING_MAX)
        oldest = list_pop_front(&neighbour->pending);
    if (oldest) {
        list_push_back(&work->to_drop, oldest);
        neighbour->pending_count--;
        pending_total--;
    }
    if (pending_total >= ARP_PENDING_MAX) {
        list_push_back(&work->to_drop, &buf->link);
        return;
    }
    list_push_back(&neighbour->pending, &buf->link);
    neighbour->pending_count++;
    pending_total++;
}

u32 arp_pending(void)
{
    u32 count;

    spin_lock(&lock);
    count = pending_total;
    spin_unlock(&lock);
    return count;
}

static void output_slow(struct netdev *dev, u32 ip, struct netbuf *buf)
{
    struct neighbour *neighbour;
    struct arp_work work;

    work_init(&work, dev);
    spin_lock(&lock);
    neighbour = find_locked(dev, ip);
    if (!neighbour) {
        neighbour = create_locked(dev, ip, false, &work);
        if (neighbour) {
            set_state_locked(neighbour, NEIGHBOUR_INCOMPLETE);
            ask_locked(neighbour, &work);
        }
    }
    if (!neighbour) {
        list_push_back(&work.to_drop, &buf->link);
    } else if (neighbour->state == NEIGHBOUR_INCOMPLETE) {
        queue_locked(neighbour, buf, &work);
    } else {
        link_mac(neighbour->link, work.mac);
        list_push_back(&work.to_send, &buf->link);
        if (neighbour->state == NEIGHBOUR_STALE) {
            set_state_locked(neighbour, NEIGHBOUR_PROBE);
            ask_locked(neighbour, &work);
        }
    }
    spin_unlock(&lock);
    work_finish(&work);
}

void arp_output(struct netdev *dev, u32 ip, struct neighbour *hint, struct netbuf *buf, bool more)
{
    struct neighbour *neighbour = hint ? hint : arp_find(dev, ip);
    u8 mac[MAC_SIZE];
    u64 link;

    if (neighbour) {
        link = __atomic_load_n(&neighbour->link, __ATOMIC_ACQUIRE);
        if ((link & LINK_QUIET) && __atomic_load_n(&neighbour->ip, __ATOMIC_ACQUIRE) == ip &&
            __atomic_load_n(&neighbour->netdev, __ATOMIC_ACQUIRE) == dev &&
            __atomic_load_n(&neighbour->link, __ATOMIC_RELAXED) == link) {
            link_mac(link, mac);
            ethernet_output(dev, buf, mac, ETHERTYPE_IPV4, more);
            return;
        }
    }
    output_slow(dev, ip, buf);
}

/* What `packet` says about its sender; `to_us`: it answers, or it talks to us. */
static void learn_locked(struct netdev *dev, const struct arp_packet *packet, bool to_us,
                         struct arp_work *work)
{
    struct neighbour *neighbour = find_locked(dev, packet->sender_ip);
    u64 mac = link_make(packet->sender_mac);
    bool is_reply = to_us && packet->operation == ARP_REPLY;
    u64 now_ns = clock_now_ns();
    bool same;

    if (!neighbour) {
        /* RFC 826 would add whoever asks for us: he will be talked to next. */
        if (!to_us || packet->operation != ARP_REQUEST)
            return;
        neighbour = create_locked(dev, packet->sender_ip, true, work);
        if (!neighbour)
            return;
        neighbour->link = mac;
        neighbour->changed_ns = now_ns;
        set_state_locked(neighbour, NEIGHBOUR_STALE);
        return;
    }

    same = (neighbour->link & LINK_VALID) && (neighbour->link & (LINK_VALID - 1)) == mac;
    if (!same && neighbour->state != NEIGHBOUR_INCOMPLETE && neighbour->changed_ns != 0 &&
        now_ns - neighbour->changed_ns < SETTLE_NS) {
        net_count(NET_ARP_IN_DROPPED);
        return;
    }
    if (!same) {
        neighbour->link = mac;
        neighbour->changed_ns = now_ns;
    }
    if (is_reply || neighbour->state == NEIGHBOUR_INCOMPLETE) {
        set_state_locked(neighbour, NEIGHBOUR_REACHABLE);
    } else if (!same) {
        set_state_locked(neighbour, NEIGHBOUR_STALE);
    }
    link_mac(neighbour->link, work->mac);
    pending_total -= neighbour->pending_count;
    neighbour->pending_count = 0;
    list_splice_back(&work->to_send, &neighbour->pending);
}

static bool is_believable(const struct arp_packet *packet)
{
    return !(packet->sender_mac[0] & 1) && packet->sender_ip != 0 &&
           !ipv4_is_multicast(packet->sender_ip) && !ipv4_is_loopback(packet->sender_ip) &&
           !ipv4_is_broadcast(packet->sender_ip);
}

static void warn_of_conflict(u32 ip, const u8 mac[MAC_SIZE])
{
    static u64 quiet_until_ns; /* [atomic] A lost race logs twice. */
    u64 now_ns = clock_now_ns();

    if (now_ns < __atomic_load_n(&quiet_until_ns, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&quiet_until_ns, now_ns + 10 * NS_PER_SECOND, __ATOMIC_RELAXED);
    log_warn("arp: %02x:%02x:%02x:%02x:%02x:%02x uses our address %u.%u.%u.%u", mac[0], mac[1],
             mac[2], mac[3], mac[4], mac[5], ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

static void handle(struct netdev *dev, const struct arp_packet *packet)
{
    bool to_us = !ipv4_is_loopback(packet->target_ip) && ipv4_is_local(packet->target_ip);
    struct arp_work work;

    if (packet->sender_ip != 0 && ipv4_is_local(packet->sender_ip)) {
        if (!mem_equal(packet->sender_mac, dev->mac, MAC_SIZE))
            warn_of_conflict(packet->sender_ip, packet->sender_mac);
    } else if (is_believable(packet)) {
        work_init(&work, dev);
        spin_lock(&lock);
        learn_locked(dev, packet, to_us, &work);
        spin_unlock(&lock);
        work_finish(&work);
    } else if (packet->sender_ip != 0) {
        net_count(NET_ARP_IN_DROPPED);
        return;
    }
    if (to_us && packet->operation == ARP_REQUEST) {
        send_arp(dev, ARP_REPLY, packet->target_ip, packet->sender_ip, packet->sender_mac,
                 packet->sender_mac);
    }
}

void arp_input(struct netbuf *buf)
{
    const u8 *bytes = netbuf_pull_head(buf, ARP_SIZE);
    struct arp_packet packet;

    if (bytes && arp_parse(bytes, ARP_SIZE, &packet)) {
        handle(buf->netdev, &packet);
    } else {
        net_count(NET_ARP_IN_DROPPED);
    }
    netbuf_destroy(buf);
}

void arp_announce(struct netdev *dev, u32 ip)
{
    static const u8 nobody[MAC_SIZE];

    if (!(dev->features & NETDEV_LOOPBACK))
        send_arp(dev, ARP_REQUEST, ip, ip, nobody, ethernet_broadcast);
}

void arp_flush(struct netdev *dev)
{
    struct arp_work work;
    struct list *node;
    struct list *after;

    work_init(&work, dev);
    spin_lock(&lock);
    LIST_FOR_EACH_SAFE (&by_age, node, after) {
        struct neighbour *neighbour = LIST_ENTRY(node, struct neighbour, age_link);

        if (neighbour->netdev == dev)
            free_locked(neighbour, &work);
    }
    spin_unlock(&lock);
    work_finish(&work);
}

bool arp_at(u32 index, struct neighbour_info *info)
{
    struct list *node;
    bool found = false;

    spin_lock(&lock);
    LIST_FOR_EACH (&by_age, node) {
        const struct neighbour *neighbour = LIST_ENTRY(node, struct neighbour, age_link);

        if (index-- != 0)
            continue;
        info->ip = neighbour->ip;
        info->netdev = neighbour->netdev;
        info->complete = (neighbour->link & LINK_VALID) != 0;
        link_mac(neighbour->link, info->mac);
        found = true;
        break;
    }
    spin_unlock(&lock);
    return found;
}

void arp_init(void)
{
    random_bytes(&key, sizeof(key));
    for (u32 i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
}
