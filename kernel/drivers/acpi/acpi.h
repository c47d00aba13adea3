/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What ACPI is used for: finding hardware at boot (kernel/arch/acpi_info.h), and the power button.
 */

#include "lib/base/types.h"

/*
 * Reads the tables; acpi_info() is valid from here on. Early: needs firmware_map() and nothing
 * else.
 */
void acpi_init(void);

/*
 * Watches the power button, where the machine has one: a fixed one, or that of a generic event
 * device. `pressed` runs in a bottom half, once for each time. Interrupts work.
 */
void acpi_power_button_init(void (*pressed)(void));

/* Whether there was a press that `pressed` does not know of yet: where no bottom half runs. */
bool acpi_power_button_waits(void);
