/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* virtio 1.2, section 4.1: the PCI transport. */

#include "lib/base/types.h"

enum {
    VIRTIO_PCI_VENDOR = 0x1af4,
    VIRTIO_PCI_DEVICE_MODERN = 0x1040, /* Plus the device's id. */
    VIRTIO_PCI_DEVICE_LAST = 0x107f,
    VIRTIO_PCI_DEVICE_TRANSITIONAL = 0x1000, /* To 0x103f; the id is the subsystem's. */
};

/* Of the vendor capability's type (section 4.1.4). */
enum virtio_pci_cap_type {
    VIRTIO_PCI_CAP_COMMON = 1,
    VIRTIO_PCI_CAP_NOTIFY = 2,
    VIRTIO_PCI_CAP_ISR = 3,
    VIRTIO_PCI_CAP_DEVICE = 4,
};

/* Offsets in the capability. */
enum virtio_pci_cap_field {
    VIRTIO_PCI_CAP_LEN = 2,
    VIRTIO_PCI_CAP_TYPE = 3,
    VIRTIO_PCI_CAP_BAR = 4,
    VIRTIO_PCI_CAP_OFF = 8,
    VIRTIO_PCI_CAP_SIZE = 12,
    VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER = 16,
};

/* Offsets in the common configuration (section 4.1.4.3). */
enum virtio_pci_common {
    VIRTIO_PCI_DEVICE_FEATURES_SELECT = 0x00,
    VIRTIO_PCI_DEVICE_FEATURES = 0x04,
    VIRTIO_PCI_DRIVER_FEATURES_SELECT = 0x08,
    VIRTIO_PCI_DRIVER_FEATURES = 0x0c,
    VIRTIO_PCI_CONFIG_VECTOR = 0x10,
    VIRTIO_PCI_QUEUE_COUNT = 0x12,
    VIRTIO_PCI_STATUS = 0x14,
    VIRTIO_PCI_CONFIG_GENERATION = 0x15,
    VIRTIO_PCI_QUEUE_SELECT = 0x16,
    VIRTIO_PCI_QUEUE_SIZE = 0x18,
    VIRTIO_PCI_QUEUE_VECTOR = 0x1a,
    VIRTIO_PCI_QUEUE_ENABLE = 0x1c,
    VIRTIO_PCI_QUEUE_NOTIFY_OFF = 0x1e,
    VIRTIO_PCI_QUEUE_DESC = 0x20,
    VIRTIO_PCI_QUEUE_AVAIL = 0x28,
    VIRTIO_PCI_QUEUE_USED = 0x30,
    VIRTIO_PCI_COMMON_SIZE = 0x38,
};

enum {
    VIRTIO_PCI_NO_VECTOR = 0xffff,
};
