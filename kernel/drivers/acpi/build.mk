# SPDX-License-Identifier: Apache-2.0
acpi-parse-y := kernel/drivers/acpi/acpi_tables.c kernel/drivers/acpi/acpi_dsdt.c
kernel-y     += kernel/drivers/acpi/acpi.c $(acpi-parse-y)
unit-sets    += acpi
unit-acpi-y  += kernel/drivers/acpi/acpi_tables_test.c $(acpi-parse-y)
