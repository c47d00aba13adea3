# SPDX-License-Identifier: Apache-2.0
kernel-y    += kernel/drivers/acpi/acpi.c kernel/drivers/acpi/acpi_tables.c
unit-sets   += acpi
unit-acpi-y += kernel/drivers/acpi/acpi_tables.c kernel/drivers/acpi/acpi_tables_test.c
