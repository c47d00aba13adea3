/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts from devices: vectors, message-signalled interrupts, and the I/O APICs (82093AA data
 * sheet) for lines. The legacy PICs are masked and never used.
 */
#include "kernel/arch/irq.h"

#include "abi/linux/errors.h"
#include "kernel/arch/acpi_info.h"
#include "kernel/arch/port.h"
#include "kernel/arch/upcall.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/irq_init.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/arch/x86_64/uaccess_init.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/kernel_map.h"
#include "lib/base/types.h"

enum {
    VECTOR_FIRST = 0x30,
    VECTOR_END = 0xf0,
    LINE_SHARERS_MAX = 4, /* Devices on one line; PCI's INTx may be shared, nothing else is. */
    GSI_NONE = UINT32_MAX,
    ISA_IRQS = 16,

    IOAPIC_SELECT = 0x00,
    IOAPIC_WINDOW = 0x10,
    IOAPIC_VERSION = 1,
    IOAPIC_TABLE = 0x10,
    REDIRECT_LEVEL = 1 << 15,
    REDIRECT_ACTIVE_LOW = 1 << 13,
    REDIRECT_MASKED = 1 << 16,

    PIC1_DATA = 0x21,
    PIC2_DATA = 0xa1,
};
#define MESSAGE_ADDRESS      0xfee00000ull
#define IOAPIC_ADDRESS_USUAL 0xfec00000u

struct irq_action {
    irq_handler_fn *handler;
    void *arg;
};

/* Slots are filled under the lock, counts raised last, and never taken back. */
struct irq_vector {
    u32 gsi;   /* GSI_NONE: message-signalled. */
    u32 count; /* [atomic] */
    struct irq_action actions[LINE_SHARERS_MAX];
};

struct ioapic {
    volatile u8 *registers;
    u32 gsi_base;
    u32 gsi_count;
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_IRQ);
static struct irq_vector vectors[VECTOR_END - VECTOR_FIRST];
static u32 vectors_used;
static struct ioapic ioapics[ACPI_IOAPICS_MAX];
static u32 ioapic_count;

void interrupt_entry(u32 vector);

static u32 ioapic_read(const struct ioapic *ioapic, u32 reg)
{
    mmio_write32(ioapic->registers + IOAPIC_SELECT, reg);
    return mmio_read32(ioapic->registers + IOAPIC_WINDOW);
}

static void ioapic_write(const struct ioapic *ioapic, u32 reg, u32 value)
{
    mmio_write32(ioapic->registers + IOAPIC_SELECT, reg);
    mmio_write32(ioapic->registers + IOAPIC_WINDOW, value);
}

static void ioapic_add(u32 address, u32 gsi_base)
{
    struct ioapic *ioapic = &ioapics[ioapic_count];

    ioapic->registers = device_map(address, 4096);
    if (!ioapic->registers)
        return;
    ioapic->gsi_base = gsi_base;
    ioapic->gsi_count = (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
    for (u32 i = 0; i < ioapic->gsi_count; i++)
        ioapic_write(ioapic, IOAPIC_TABLE + 2 * i, REDIRECT_MASKED);
    ioapic_count++;
}

void irq_init(void)
{
    const struct acpi_info *acpi = acpi_info();

    port_write8(PIC1_DATA, 0xff);
    port_write8(PIC2_DATA, 0xff);
    for (u32 i = 0; i < acpi->ioapic_count && i < ACPI_IOAPICS_MAX; i++)
        ioapic_add(acpi->ioapics[i].address, acpi->ioapics[i].gsi_base);
    if (acpi->ioapic_count == 0)
        ioapic_add(IOAPIC_ADDRESS_USUAL, 0);
}

/* A fresh vector with its first action, or 0. */
static u32 vector_open(u32 gsi, irq_handler_fn *handler, void *arg) HOLDS(&lock)
{
    struct irq_vector *vector;

    if (vectors_used == ARRAY_COUNT(vectors))
        return 0;
    vector = &vectors[vectors_used];
    vector->gsi = gsi;
    vector->actions[0] = (struct irq_action){ handler, arg };
    __atomic_store_n(&vector->count, 1, __ATOMIC_RELEASE); /* Pairs with the acquire in device(). */
    return VECTOR_FIRST + vectors_used++;
}

int irq_message_open(u32 cpu, irq_handler_fn *handler, void *arg, struct irq_message *message)
{
    u32 vector;

    spin_lock(&lock);
    vector = vector_open(GSI_NONE, handler, arg);
    spin_unlock(&lock);
    if (vector == 0)
        return -ENOSPC;
    message->address = MESSAGE_ADDRESS | (u64)cpu_local_of(cpu)->apic_id << 12;
    message->data = vector;
    return 0;
}

static const struct ioapic *ioapic_of(u32 gsi)
{
    for (u32 i = 0; i < ioapic_count; i++) {
        if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].gsi_count)
            return &ioapics[i];
    }
    return NULL;
}

/* Adds to a line that is open already. False when it is not, or full. */
static bool line_share(u32 gsi, irq_handler_fn *handler, void *arg) HOLDS(&lock)
{
    for (u32 i = 0; i < vectors_used; i++) {
        struct irq_vector *vector = &vectors[i];

        if (vector->gsi != gsi || vector->count == LINE_SHARERS_MAX)
            continue;
        vector->actions[vector->count] = (struct irq_action){ handler, arg };
        __atomic_store_n(&vector->count, vector->count + 1, __ATOMIC_RELEASE);
        return true;
    }
    return false;
}

int irq_line_open(u32 gsi, bool level, bool active_low, irq_handler_fn *handler, void *arg)
{
    const struct ioapic *ioapic = ioapic_of(gsi);
    u32 vector;
    u32 low;

    if (!ioapic)
        return -ENODEV;
    spin_lock(&lock);
    if (line_share(gsi, handler, arg)) {
        spin_unlock(&lock);
        return 0;
    }
    vector = vector_open(gsi, handler, arg);
    if (vector != 0) {
        low = vector | (level ? REDIRECT_LEVEL : 0) | (active_low ? REDIRECT_ACTIVE_LOW : 0);
        ioapic_write(ioapic, IOAPIC_TABLE + 2 * (gsi - ioapic->gsi_base) + 1,
                     cpu_local_of(0)->apic_id << 24);
        ioapic_write(ioapic, IOAPIC_TABLE + 2 * (gsi - ioapic->gsi_base), low);
    }
    spin_unlock(&lock);
    return vector != 0 ? 0 : -ENOSPC;
}

u64 irq_count(u32 cpu)
{
    return cpu_local_of(cpu)->irq_count;
}

static void device(u32 number)
{
    struct irq_vector *vector = &vectors[number - VECTOR_FIRST];
    u32 count = __atomic_load_n(&vector->count, __ATOMIC_ACQUIRE);

    for (u32 i = 0; i < count; i++)
        vector->actions[i].handler(vector->actions[i].arg);
}

/* From entry.S, interrupts off. */
void interrupt_entry(u32 vector)
{
    uaccess_close();
    cpu_local()->irq_count++;
    if (vector == VECTOR_SPURIOUS)
        return; /* The APIC wants no end-of-interrupt for it. */
    if (vector == VECTOR_TIMER) {
        upcall_timer();
    } else if (vector == IPI_TLB) {
        tlb_answer();
    } else if (vector == IPI_KICK) {
        upcall_kick();
    } else if (vector >= VECTOR_FIRST && vector < VECTOR_END) {
        device(vector);
    }
    apic_end_of_interrupt();
    upcall_irq_exit();
}
