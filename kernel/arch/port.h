/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Port I/O, and device memory. Only x86 has ports; drivers that need them are built for it alone.
 *
 * <machine/port.h> provides, inline:
 *
 *   port_read8/16/32(u16 port)
 *   port_write8/16/32(u16 port, value)
 *   port_read8_many(u16 port, void *to, size_t count)
 *   port_write8_many(u16 port, const void *from, size_t count)
 *   mmio_read8/16/32/64(const volatile void *)
 *   mmio_write8/16/32/64(volatile void *, value)
 */

#include "lib/base/types.h"

#include <machine/port.h> /* IWYU pragma: export */
