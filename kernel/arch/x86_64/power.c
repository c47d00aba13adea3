/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's end (ACPI 6.4, chapter 4.8), and the ports that work at any moment. */
#include "kernel/arch/power.h"

#include "kernel/arch/acpi_info.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/port.h"
#include "kernel/arch/x86_64/features.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    SLEEP_ENABLE = 1 << 13, /* PM1 control. */
    SLEEP_TYPE_SHIFT = 10,
    REDUCED_SLEEP_ENABLE = 1 << 5,
    REDUCED_SLEEP_TYPE_SHIFT = 2,

    SERIAL_PORT = 0x3f8,
    SERIAL_LINE_STATUS = SERIAL_PORT + 5,
    SERIAL_TX_EMPTY = 0x20,
    SERIAL_ABSENT = 0xff, /* What a port reads as where nothing is. */

    DEBUG_PORT = 0xe9, /* Reads as its own number where QEMU has it. */

    KEYBOARD_COMMAND = 0x64,
    KEYBOARD_RESET = 0xfe,
};

static void register_write16(const struct acpi_register *reg, u16 value)
{
    if (!reg->present)
        return;
    if (reg->is_port) {
        port_write16((u16)reg->address, value);
    } else if (reg->mapped) {
        mmio_write16(reg->mapped, value);
    }
}

static void register_write8(const struct acpi_register *reg, u8 value)
{
    if (!reg->present)
        return;
    if (reg->is_port) {
        port_write8((u16)reg->address, value);
    } else if (reg->mapped) {
        mmio_write8(reg->mapped, value);
    }
}

static _Noreturn void halt_for_ever(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

/*
 * An interrupt with no table to handle it is a triple fault: the machine resets or, under QEMU's
 * -no-reboot, ends.
 */
static _Noreturn void triple_fault(void)
{
    struct __attribute__((packed)) {
        u16 limit;
        u64 base;
    } none = { 0, 0 };

    __asm__ volatile("lidt %0\n\tint3" : : "m"(none));
    halt_for_ever();
}

_Noreturn void machine_power_off(void)
{
    const struct acpi_info *acpi = acpi_info();

    irq_disable();
    cpus_stop();
    if (acpi->sleep_control.present) {
        register_write8(&acpi->sleep_control,
                        (u8)(REDUCED_SLEEP_ENABLE | acpi->s5_type_a << REDUCED_SLEEP_TYPE_SHIFT));
    }
    register_write16(&acpi->pm1a_control,
                     (u16)(SLEEP_ENABLE | acpi->s5_type_a << SLEEP_TYPE_SHIFT));
    register_write16(&acpi->pm1b_control,
                     (u16)(SLEEP_ENABLE | acpi->s5_type_b << SLEEP_TYPE_SHIFT));
    triple_fault();
}

_Noreturn void machine_reset(void)
{
    const struct acpi_info *acpi = acpi_info();

    irq_disable();
    cpus_stop();
    register_write8(&acpi->reset, acpi->reset_value);
    port_write8(KEYBOARD_COMMAND, KEYBOARD_RESET);
    triple_fault();
}

static void serial_put(char c)
{
    for (u32 tries = 0; tries < 100000; tries++) {
        u8 status = port_read8(SERIAL_LINE_STATUS);

        if (status == SERIAL_ABSENT)
            return;
        if ((status & SERIAL_TX_EMPTY) != 0)
            break;
        cpu_relax();
    }
    port_write8(SERIAL_PORT, (u8)c);
}

void machine_console_write(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            serial_put('\r');
        serial_put(bytes[i]);
    }
}

static void debug_put(const char *text)
{
    port_write8_many(DEBUG_PORT, text, str_len(text));
}

void machine_report(const char *key, const char *value)
{
    if (port_read8(DEBUG_PORT) != DEBUG_PORT)
        return;
    debug_put(key);
    debug_put(" ");
    debug_put(value);
    debug_put("\n");
}

bool machine_random(u64 *value)
{
    u8 ok = 0;

    for (u32 i = 0; i < 10 && !ok && cpu_features.rdseed; i++)
        __asm__ volatile("rdseed %0\n\tsetc %1" : "=r"(*value), "=qm"(ok) : : "cc");
    for (u32 i = 0; i < 10 && !ok && cpu_features.rdrand; i++)
        __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(*value), "=qm"(ok) : : "cc");
    return ok != 0;
}
