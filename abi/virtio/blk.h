/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* virtio 1.2, section 5.2: the block device. */

#include "lib/base/types.h"

#define VIRTIO_BLK_F_SIZE_MAX (1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX  (1ull << 2)
#define VIRTIO_BLK_F_RO       (1ull << 5)
#define VIRTIO_BLK_F_FLUSH    (1ull << 9)
#define VIRTIO_BLK_F_MQ       (1ull << 12)

/* Device configuration (section 5.2.4). */
enum virtio_blk_config {
    VIRTIO_BLK_CONFIG_CAPACITY = 0, /* In sectors of 512 bytes. */
    VIRTIO_BLK_CONFIG_SIZE_MAX = 8,
    VIRTIO_BLK_CONFIG_SEG_MAX = 12,
    VIRTIO_BLK_CONFIG_QUEUES = 34,
};

enum virtio_blk_type {
    VIRTIO_BLK_T_IN = 0,
    VIRTIO_BLK_T_OUT = 1,
    VIRTIO_BLK_T_FLUSH = 4,
};

enum virtio_blk_status {
    VIRTIO_BLK_S_OK = 0,
    VIRTIO_BLK_S_IOERR = 1,
    VIRTIO_BLK_S_UNSUPPORTED = 2,
};

struct virtio_blk_hdr {
    struct le32 type;
    struct le32 reserved;
    struct le64 sector;
};
static_assert(sizeof(struct virtio_blk_hdr) == 16, "section 5.2.6");
