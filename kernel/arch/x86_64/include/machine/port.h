/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/base/types.h"

static inline u8 port_read8(u16 port)
{
    u8 value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline u16 port_read16(u16 port)
{
    u16 value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline u32 port_read32(u16 port)
{
    u32 value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* `count` bytes from one port, by one instruction. */
static inline void port_read8_many(u16 port, void *to, size_t count)
{
    __asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

static inline void port_write8(u16 port, u8 value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* `count` bytes to one port, by one instruction: one exit to a hypervisor, not one for each. */
static inline void port_write8_many(u16 port, const void *from, size_t count)
{
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

static inline void port_write16(u16 port, u16 value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void port_write32(u16 port, u32 value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/*
 * Device memory: one instruction each, of a form hypervisors can decode. The clobber keeps the
 * compiler from moving other accesses across.
 */
#define MMIO_ACCESSORS(bits, suffix, constraint)                               \
    static inline u##bits mmio_read##bits(const volatile void *address)        \
    {                                                                          \
        u##bits value;                                                         \
                                                                               \
        __asm__ volatile("mov" suffix " %1, %0"                                \
                         : "=" constraint(value)                               \
                         : "m"(*(const volatile u##bits *)address)             \
                         : "memory");                                          \
        return value;                                                          \
    }                                                                          \
    static inline void mmio_write##bits(volatile void *address, u##bits value) \
    {                                                                          \
        __asm__ volatile("mov" suffix " %1, %0"                                \
                         : "=m"(*(volatile u##bits *)address)                  \
                         : constraint(value)                                   \
                         : "memory");                                          \
    }
MMIO_ACCESSORS(8, "b", "q")
MMIO_ACCESSORS(16, "w", "r")
MMIO_ACCESSORS(32, "l", "r")
MMIO_ACCESSORS(64, "q", "r")
#undef MMIO_ACCESSORS
