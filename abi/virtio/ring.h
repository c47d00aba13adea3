/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * virtio 1.2: feature bits of all devices, the status byte, and the split virtqueue (section 2.7).
 */

#include "lib/base/types.h"

enum virtio_status {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_NEEDS_RESET = 64,
    VIRTIO_STATUS_FAILED = 128,
};

#define VIRTIO_F_INDIRECT_DESC   (1ull << 28)
#define VIRTIO_F_EVENT_IDX       (1ull << 29)
#define VIRTIO_F_VERSION_1       (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33)

enum virtq_desc_flags {
    VIRTQ_DESC_NEXT = 1,
    VIRTQ_DESC_WRITE = 2, /* The device writes; else it reads. */
    VIRTQ_DESC_INDIRECT = 4,
};

enum {
    VIRTQ_AVAIL_NO_INTERRUPT = 1, /* Of virtq_avail.flags. */
    VIRTQ_USED_NO_NOTIFY = 1,     /* Of virtq_used.flags. */
    VIRTQ_SIZE_MAX = 32768,
};

struct virtq_desc {
    struct le64 address;
    struct le32 len;
    struct le16 flags;
    struct le16 next;
};
static_assert(sizeof(struct virtq_desc) == 16, "section 2.7.5");

/* Followed by `used_event`: the used index at which the driver wants an interrupt. */
struct virtq_avail {
    struct le16 flags;
    struct le16 index;
    struct le16 ring[];
};

struct virtq_used_entry {
    struct le32 id;
    struct le32 len;
};

/* Followed by `avail_event`: the available index at which the device wants a notification. */
struct virtq_used {
    struct le16 flags;
    struct le16 index;
    struct virtq_used_entry ring[];
};
