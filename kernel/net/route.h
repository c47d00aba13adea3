/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Addresses of ours, routes, and what path MTUs have been learned.
 *
 * All small and rarely changed. Lookups take one lock, but happen once a connection: each change
 * makes a new generation, and a kept route is good while its generation is current
 * (ipv4_route_is_current(), in ipv4.h with the lookup itself).
 */

#include "kernel/net/netdev.h"
#include "lib/base/types.h"

enum {
    ADDRESSES_MAX = 16,
    ROUTES_MAX = 32,
};

struct ipv4_address {
    u32 ip; /* 0: empty. */
    u8 prefix_len;
    struct netdev *netdev;
};

struct route_entry {
    u32 destination;
    u8 prefix_len;
    u32 gateway; /* 0: directly connected. */
    u32 source;
    struct netdev *netdev; /* NULL: empty. */
};

static inline u32 prefix_mask(u32 prefix_len)
{
    return prefix_len == 0 ? 0 : UINT32_MAX << (32 - prefix_len);
}

/* Adds an address and the route to its network. 0, -EEXIST, -ENOSPC. */
int address_add(struct netdev *dev, u32 ip, u8 prefix_len) MUST_USE;

/* Takes away all addresses and routes of a device. */
void address_flush(struct netdev *dev);

/* Address number `index`; false past the end. */
bool address_at(u32 index, struct ipv4_address *address);

/* The first address of a device; 0 when it has none. */
u32 address_of(const struct netdev *dev);

/* 0, -EEXIST, -ENOSPC, -ENETUNREACH when no network of ours holds the gateway. */
int route_add(struct netdev *dev, u32 destination, u8 prefix_len, u32 gateway) MUST_USE;

/* Route number `index`, longest prefixes first; false past the end. */
bool route_at(u32 index, struct route_entry *route);

void route_init(void);
