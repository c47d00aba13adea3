/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Interrupt controllers, timers and the clock of the boot CPU. Memory works and acpi_info() is
 * filled; interrupts are off and stay so.
 */
void machine_init(void);
