/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * In software, what a device cannot do by itself: checksums and segmentation. One place, for all.
 */

#include "kernel/net/netbuf.h"
#include "lib/base/list.h"
#include "lib/base/types.h"

/*
 * Completes the checksum of a packet with NETBUF_CSUM_PARTIAL and takes that flag away. False when
 * its fields make no sense.
 */
bool gso_checksum(struct netbuf *buf) MUST_USE;

/*
 * Cuts a packet of TCP over IPv4 with gso_size, `link_len` bytes of link header in front (0 or
 * Ethernet's), into packets of at most that much payload, appended to `segments`: their payload is
 * `buf`'s by reference, and each has NETBUF_CSUM_PARTIAL as `buf` had. Headers lie in `buf`'s head,
 * payload in its fragments. `buf` stays the caller's.
 *
 * 0; -EINVAL when it is no such frame; -ENOMEM, with `segments` as it was.
 */
int gso_segment(const struct netbuf *buf, u32 link_len, struct list *segments) MUST_USE;
