/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The 9P transport: not in the virtio 1.2 specification, but as QEMU and Linux do it. */

#define VIRTIO_9P_F_MOUNT_TAG (1ull << 0)

/* Device configuration: a length of two bytes, and the tag, not ended by a NUL. */
enum virtio_9p_config {
    VIRTIO_9P_CONFIG_TAG_LEN = 0,
    VIRTIO_9P_CONFIG_TAG = 2,
};
