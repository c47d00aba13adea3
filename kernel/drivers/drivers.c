/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/drivers/drivers.h"

#include "kernel/arch/boot_info.h"
#include "kernel/drivers/acpi/acpi.h"
#include "kernel/drivers/pci/pci.h"
#include "kernel/drivers/serial/serial.h"
#include "kernel/drivers/virtio/transport.h"
#include "kernel/drivers/virtio/virtio_console.h"
#include "lib/base/types.h"

void drivers_init(const struct drivers_events *events)
{
    serial_init(events->console_input);
    acpi_power_button_init(events->power_button);
    virtio_console_set_answer(events->control);
    virtio_mmio_init(boot_info()->command_line);
    pci_init();
}

bool drivers_stop(void)
{
    return virtio_stop_all();
}
