/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* PCI Local Bus 3.0, PCI Express 5.0: configuration space. */

enum pci_register {
    PCI_VENDOR = 0x00,
    PCI_DEVICE = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_CLASS = 0x08, /* With the revision in the lowest byte. */
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR = 0x10,
    PCI_SECONDARY_BUS = 0x19, /* Of a bridge. */
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM = 0x2e,
    PCI_CAPABILITIES = 0x34,
};

enum {
    PCI_VENDOR_NONE = 0xffff,
    PCI_COMMAND_PORT = 1,
    PCI_COMMAND_MEMORY = 2,
    PCI_COMMAND_MASTER = 4,
    PCI_COMMAND_INTX_OFF = 1 << 10,
    PCI_STATUS_CAPABILITIES = 1 << 4,
    PCI_HEADER_MULTIFUNCTION = 0x80,
    PCI_HEADER_TYPE_MASK = 0x7f,
    PCI_HEADER_BRIDGE = 1,
    PCI_BAR_COUNT = 6,
    PCI_BAR_IS_PORT = 1,
    PCI_BAR_TYPE_MASK = 6,
    PCI_BAR_TYPE_64 = 4,
    PCI_CONFIG_SIZE = 256,
    PCI_CAP_FIRST = 0x40,

    PCI_CAP_VENDOR = 0x09,
    PCI_CAP_MSIX = 0x11,

    PCI_MSIX_CONTROL = 2, /* Offsets in the capability. */
    PCI_MSIX_TABLE = 4,
    PCI_MSIX_CONTROL_ENABLE = 0x8000,
    PCI_MSIX_CONTROL_MASK_ALL = 0x4000,
    PCI_MSIX_CONTROL_SIZE = 0x07ff,
    PCI_MSIX_TABLE_BAR = 7,
    PCI_MSIX_ENTRY_SIZE = 16,
    PCI_MSIX_ENTRY_DATA = 8,
    PCI_MSIX_ENTRY_CONTROL = 12,
    PCI_MSIX_ENTRY_MASKED = 1,
};
