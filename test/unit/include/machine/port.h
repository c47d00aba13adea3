/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Device memory for unit tests: plain memory. Ports there are none. */

#include "lib/base/types.h"

static inline u8 mmio_read8(const volatile void *at)
{
    return *(const volatile u8 *)at;
}

static inline u16 mmio_read16(const volatile void *at)
{
    return *(const volatile u16 *)at;
}

static inline u32 mmio_read32(const volatile void *at)
{
    return *(const volatile u32 *)at;
}

static inline void mmio_write8(volatile void *at, u8 value)
{
    *(volatile u8 *)at = value;
}

static inline void mmio_write16(volatile void *at, u16 value)
{
    *(volatile u16 *)at = value;
}

static inline void mmio_write32(volatile void *at, u32 value)
{
    *(volatile u32 *)at = value;
}
