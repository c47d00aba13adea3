/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one header of kernel/drivers for kernel/init, beside acpi/acpi.h, which is needed earlier. */

#include "lib/base/types.h"

struct drivers_events {
    void (*power_button)(void);                           /* In a bottom half. */
    void (*console_input)(const char *bytes, size_t len); /* In a bottom half. */
    /* Answers a line of the control channel: see drivers/virtio/virtio_console.h. */
    size_t (*control)(const char *line, char *answer, size_t size);
};

/*
 * Finds and starts all devices: PCI, virtio-mmio named on the command line, the serial port, the
 * power button. Thread context: memory, interrupts, timers and the scheduler work. Disks and
 * networks are registered when it returns.
 */
void drivers_init(const struct drivers_events *events);

/*
 * Keeps all devices from memory and from interrupting, for a restart. The other CPUs have stopped,
 * interrupts are off. False: one of them cannot be stopped.
 */
bool drivers_stop(void) MUST_USE;
