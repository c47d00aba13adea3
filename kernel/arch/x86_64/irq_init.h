/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Masks all interrupt controllers and learns where lines lead; acpi_init() has run. */
void irq_init(void);
