/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Time that goes on evenly, for waits and their limits. */

#include <stdint.h>

/* Milliseconds since some moment before. */
uint64_t now_ms(void);

/* Waits that long, or until a signal comes. */
void pause_ms(uint32_t ms);
