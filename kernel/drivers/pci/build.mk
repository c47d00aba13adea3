# SPDX-License-Identifier: Apache-2.0
kernel-y        += kernel/drivers/pci/config.c kernel/drivers/pci/device.c
kernel-y        += kernel/drivers/pci/scan.c kernel/drivers/pci/drivers.c

unit-sets       += pci
unit-pci-y      += kernel/drivers/pci/device.c kernel/drivers/pci/scan.c \
                   kernel/drivers/pci/pci_test.c $(fake-kernel-y)
