# SPDX-License-Identifier: Apache-2.0
kernel-y        += kernel/drivers/acpi/acpi.c kernel/drivers/acpi/acpi_tables.c
