/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What ioctls and netlink both say of network devices. */

#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "lib/base/types.h"

/* IFF_ flags. */
u32 interface_flags(const struct netdev *dev);

/* The device's first address; false when it has none. */
bool interface_address(const struct netdev *dev, struct ipv4_address *address);
