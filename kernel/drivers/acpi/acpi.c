/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/drivers/acpi/acpi.h"

#include "abi/acpi/tables.h"
#include "kernel/arch/acpi_info.h"
#include "kernel/arch/boot_info.h"
#include "kernel/arch/irq.h"
#include "kernel/arch/port.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/log.h"
#include "kernel/drivers/acpi/acpi_tables.h"
#include "kernel/mm/kernel_map.h"
#include "lib/base/types.h"

enum {
    BIOS_AREA = 0xe0000, /* Section 5.2.5.1. */
    BIOS_AREA_SIZE = 0x20000,
    REGISTER_SIZE_MAX = 8,
    PM1_EVENT_SIZE_MIN = 4, /* Two bytes of status, two of enable. */
};

static struct acpi_tables tables; /* [const] after acpi_init(). */

static struct {
    void (*pressed)(void);
    struct bottom_half half;
    u16 status_port;
    u16 enable_port;
    volatile void *events; /* Of the generic event device. */
} button;

const struct acpi_info *acpi_info(void)
{
    return &tables.info;
}

static const void *map(void *context, u64 address, size_t size)
{
    (void)context;
    if (address > UINT64_MAX - size)
        return NULL;
    return firmware_map(address, size);
}

static void map_register(struct acpi_register *reg)
{
    if (reg->present && !reg->is_port)
        reg->mapped = device_map(reg->address, REGISTER_SIZE_MAX);
}

void acpi_init(void)
{
    u64 rsdp = boot_info()->rsdp;

    if (rsdp == 0)
        rsdp = acpi_rsdp_find(BIOS_AREA, BIOS_AREA_SIZE, map, NULL);
    if (!acpi_tables_read(rsdp, map, NULL, &tables)) {
        log_info("acpi: no tables");
        return;
    }
    map_register(&tables.info.pm1a_control);
    map_register(&tables.info.pm1b_control);
    map_register(&tables.info.sleep_control);
    map_register(&tables.info.reset);
    log_debug("acpi: %u CPUs, %u I/O APICs", tables.info.cpu_count, tables.info.ioapic_count);
}

static bool button_pressed(struct bottom_half *half)
{
    (void)half;
    button.pressed();
    return false;
}

static void button_irq(void *arg)
{
    u16 status = port_read16(button.status_port);

    (void)arg;
    if ((status & ACPI_PM1_POWER_BUTTON) == 0)
        return;
    port_write16(button.status_port, ACPI_PM1_POWER_BUTTON); /* Writing 1 clears. */
    bottom_half_queue(&button.half);
}

/* Level and low unless an override says otherwise (section 5.2.9, SCI_INT). */
static int open_sci(void)
{
    const struct acpi_info *info = &tables.info;
    bool level = true;
    bool active_low = true;
    u32 gsi = info->sci_gsi;

    for (u32 i = 0; i < info->override_count; i++) {
        const struct acpi_override *override = &info->overrides[i];

        if (override->source == info->sci_gsi) {
            gsi = override->gsi;
            level = override->level;
            active_low = override->active_low;
        }
    }
    return irq_line_open(gsi, level, active_low, button_irq, NULL);
}

/* The firmware has the events until it is told to hand them over (section 4.8.2.5). */
static void take_over_events(void)
{
    const struct acpi_register *control = &tables.info.pm1a_control;

    if (!control->present || !control->is_port || tables.smi_command == 0 ||
        tables.smi_command > UINT16_MAX || tables.acpi_enable == 0)
        return;
    if ((port_read16((u16)control->address) & ACPI_PM1_CONTROL_ENABLED) == 0)
        port_write8((u16)tables.smi_command, tables.acpi_enable);
}

/*
 * The button may have been pressed before we could hear it, and its bit is there. But not the press
 * that switched the machine on: that one woke it.
 */
static void look_for_early_press(void)
{
    u16 status = port_read16(button.status_port);

    if ((status & (ACPI_PM1_POWER_BUTTON | ACPI_PM1_WAKE)) == ACPI_PM1_POWER_BUTTON)
        bottom_half_queue(&button.half);
}

/* The PM1 registers (section 4.8.3.1). */
static bool open_fixed_button(void)
{
    const struct acpi_register *event = &tables.info.pm1a_event;

    if (!event->present || !event->is_port || tables.pm1_event_size < PM1_EVENT_SIZE_MIN)
        return true;
    button.status_port = (u16)event->address;
    button.enable_port = (u16)(event->address + tables.pm1_event_size / 2u);
    if (open_sci() < 0)
        return false;
    take_over_events();
    look_for_early_press();
    port_write16(button.status_port, ACPI_PM1_POWER_BUTTON);
    port_write16(button.enable_port, ACPI_PM1_POWER_BUTTON);
    return true;
}

static void events_look(void)
{
    if (mmio_read32(button.events) & ACPI_EVENT_POWER_BUTTON) /* Reading clears. */
        bottom_half_queue(&button.half);
}

static void events_irq(void *arg)
{
    (void)arg;
    events_look();
}

static bool open_event_device(void)
{
    const struct acpi_events *events = &tables.events;

    if (!events->selected.present)
        return true;
    button.events = device_map(events->selected.address, ACPI_EVENT_REGISTER_SIZE);
    if (!button.events ||
        irq_line_open(events->gsi, events->level, events->active_low, events_irq, NULL) < 0)
        return false;
    events_look(); /* Its interrupt may have come before we could hear it. */
    return true;
}

void acpi_power_button_init(void (*pressed)(void))
{
    button.pressed = pressed;
    bottom_half_init(&button.half, button_pressed);
    if (!open_fixed_button() || !open_event_device())
        log_warn("acpi: no interrupt for the power button");
}

bool acpi_power_button_waits(void)
{
    return __atomic_load_n(&button.half.queued, __ATOMIC_RELAXED);
}
