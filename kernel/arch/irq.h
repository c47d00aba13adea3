/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Interrupts from devices.
 *
 * A handler runs with interrupts off, does the least, and queues a bottom half
 * (kernel/core/bottom_half.h). The end-of-interrupt is given after it returns.
 */

#include "lib/base/types.h"

typedef void irq_handler_fn(void *arg);

/* What a device has to write, and where, to raise a message-signalled interrupt. */
struct irq_message {
    u64 address;
    u32 data;
};

/* Gives `handler` a vector on `cpu`, for MSI or MSI-X. Returns 0, or -ENOSPC. */
int irq_message_open(u32 cpu, irq_handler_fn *handler, void *arg, struct irq_message *message)
    MUST_USE;

/*
 * Gives `handler` the global system interrupt `gsi`, routed to the boot CPU. Handlers of one line
 * may share it: each looks whether its device meant it. Returns 0, -ENODEV or -ENOSPC.
 */
int irq_line_open(u32 gsi, bool level, bool active_low, irq_handler_fn *handler, void *arg)
    MUST_USE;

/* How many interrupts each CPU has taken, for /proc/stat and tests. */
u64 irq_count(u32 cpu);
