/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Access to configuration space: by memory (ECAM) where ACPI says so, else by the two old ports. */

#include "lib/base/types.h"

void pci_config_init(void);

/* `off` is a multiple of 4 below PCI_CONFIG_SIZE. A device that is not there reads as all ones. */
u32 pci_config_read(u8 bus, u8 slot, u8 function, u32 off);
void pci_config_write(u8 bus, u8 slot, u8 function, u32 off, u32 value);
void pci_config_write16(u8 bus, u8 slot, u8 function, u32 off, u16 value);
