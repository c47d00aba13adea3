/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/drivers/serial/serial.h"

#include "kernel/arch/acpi_info.h"
#include "kernel/arch/irq.h"
#include "kernel/arch/port.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/log.h"

enum {
    SERIAL_PORT = 0x3f8,
    SERIAL_ISA_IRQ = 4,
    SERIAL_DATA = 0, /* Registers of a 16550. */
    SERIAL_IRQ_ENABLE = 1,
    SERIAL_IRQ_ID = 2,
    SERIAL_MODEM_CONTROL = 4,
    SERIAL_LINE_STATUS = 5,
    SERIAL_SCRATCH = 7,
    SERIAL_IRQ_RECEIVE = 1,
    SERIAL_READY = 1,          /* Of the line status: a byte is there. */
    SERIAL_MODEM_LINES = 0x0b, /* DTR, RTS, and OUT2, which lets interrupts through. */
    SERIAL_BATCH = 64,
    SERIAL_SCRATCH_PROBE = 0x5a,
};

static struct {
    void (*input)(const char *bytes, size_t len);
    struct bottom_half half;
} serial;

static u8 serial_get(u16 reg)
{
    return port_read8((u16)(SERIAL_PORT + reg));
}

static void serial_put(u16 reg, u8 value)
{
    port_write8((u16)(SERIAL_PORT + reg), value);
}

/* The device keeps 16 bytes and the rest waits outside, so there is no ring of our own. */
static bool receive(struct bottom_half *half)
{
    char bytes[SERIAL_BATCH];
    size_t len = 0;

    (void)half;
    while (len < sizeof(bytes) && (serial_get(SERIAL_LINE_STATUS) & SERIAL_READY))
        bytes[len++] = (char)serial_get(SERIAL_DATA);
    if (len > 0)
        serial.input(bytes, len);
    if (len == sizeof(bytes))
        return true;
    serial_put(SERIAL_IRQ_ENABLE, SERIAL_IRQ_RECEIVE);
    return false;
}

/* A level-like source: it is quiet only when empty, so it is turned off until receive() ran. */
static void serial_irq(void *arg)
{
    (void)arg;
    (void)serial_get(SERIAL_IRQ_ID);
    if ((serial_get(SERIAL_LINE_STATUS) & SERIAL_READY) == 0)
        return;
    serial_put(SERIAL_IRQ_ENABLE, 0);
    bottom_half_queue(&serial.half);
}

static int open_irq(void)
{
    const struct acpi_info *info = acpi_info();
    u32 gsi = SERIAL_ISA_IRQ;
    bool level = false;
    bool active_low = false;

    for (u32 i = 0; i < info->override_count; i++) {
        if (info->overrides[i].source == SERIAL_ISA_IRQ) {
            gsi = info->overrides[i].gsi;
            level = info->overrides[i].level;
            active_low = info->overrides[i].active_low;
        }
    }
    return irq_line_open(gsi, level, active_low, serial_irq, NULL);
}

void serial_init(void (*input)(const char *bytes, size_t len))
{
    serial_put(SERIAL_SCRATCH, SERIAL_SCRATCH_PROBE);
    if (serial_get(SERIAL_SCRATCH) != SERIAL_SCRATCH_PROBE)
        return;
    serial.input = input;
    bottom_half_init(&serial.half, receive);
    if (open_irq() < 0) {
        log_warn("serial: no interrupt, nothing can be typed");
        return;
    }
    serial_put(SERIAL_MODEM_CONTROL, SERIAL_MODEM_LINES);
    serial_put(SERIAL_IRQ_ENABLE, 0); /* A line that was up before a restart has to rise again. */
    serial_put(SERIAL_IRQ_ENABLE, SERIAL_IRQ_RECEIVE);
}
