/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* virtio 1.2, section 5.1: the network device. */

#include "lib/base/types.h"

#define VIRTIO_NET_F_CSUM       (1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
#define VIRTIO_NET_F_MTU        (1ull << 3)
#define VIRTIO_NET_F_MAC        (1ull << 5)
#define VIRTIO_NET_F_GUEST_TSO4 (1ull << 7)
#define VIRTIO_NET_F_HOST_TSO4  (1ull << 11)
#define VIRTIO_NET_F_MRG_RXBUF  (1ull << 15)
#define VIRTIO_NET_F_STATUS     (1ull << 16)
#define VIRTIO_NET_F_CTRL_VQ    (1ull << 17)
#define VIRTIO_NET_F_MQ         (1ull << 22)

enum virtio_net_hdr_flags {
    VIRTIO_NET_HDR_NEEDS_CSUM = 1,
    VIRTIO_NET_HDR_DATA_VALID = 2,
};

enum virtio_net_hdr_gso {
    VIRTIO_NET_HDR_GSO_NONE = 0,
    VIRTIO_NET_HDR_GSO_TCPV4 = 1,
    VIRTIO_NET_HDR_GSO_ECN = 0x80,
};

/* In front of every packet (section 5.1.6). */
struct virtio_net_hdr {
    u8 flags;
    u8 gso_type;
    struct le16 hdr_len;
    struct le16 gso_size;
    struct le16 csum_start;
    struct le16 csum_off;
    struct le16 num_buffers; /* Of a received packet. */
};
static_assert(sizeof(struct virtio_net_hdr) == 12, "section 5.1.6");

/* Device configuration (section 5.1.4). */
enum virtio_net_config {
    VIRTIO_NET_CONFIG_MAC = 0,
    VIRTIO_NET_CONFIG_STATUS = 6,
    VIRTIO_NET_CONFIG_PAIRS_MAX = 8,
    VIRTIO_NET_CONFIG_MTU = 10,
};

enum {
    VIRTIO_NET_STATUS_LINK_UP = 1,
};

/* Control queue (section 5.1.6.5). */
enum {
    VIRTIO_NET_CTRL_MQ = 4,
    VIRTIO_NET_CTRL_MQ_PAIRS_SET = 0,
    VIRTIO_NET_CTRL_OK = 0,
};
