/* SPDX-License-Identifier: Apache-2.0 */
/* The PCI drivers of this kernel. A new one is added here and in build.mk, nowhere else. */
#include "kernel/drivers/pci/pci.h"
#include "lib/base/types.h"

extern const struct pci_driver virtio_pci_driver;

const struct pci_driver *const pci_drivers[] = {
    &virtio_pci_driver,
    NULL,
};
