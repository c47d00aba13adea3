/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The local APIC, as xAPIC or x2APIC (Intel SDM volume 3, chapter 10), and its timer. */

#include "lib/base/types.h"

/* On each CPU, the boot CPU first. */
void apic_init(void);

void apic_end_of_interrupt(void);
void apic_send(u32 apic_id, u8 vector);
void apic_send_others(u8 vector);
void apic_send_nmi(u32 apic_id);
void apic_send_init(u32 apic_id);
void apic_send_startup(u32 apic_id, u64 address);

/* The timer counts down from `count`, at a rate that clock.c measures; 0 stops it. */
void apic_timer_start(u32 count);
u32 apic_timer_left(void);
/* Sets the timer up for one-shot (`deadline` false) or TSC deadlines. */
void apic_timer_init(bool deadline);
u32 apic_id(void);
