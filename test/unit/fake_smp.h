/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Several CPUs in one host thread, for tests of the real kernel/core. Each runs until it comes to a
 * point where another one could come in between (fake_point() in the fake <machine/cpu.h>); there
 * the next one is drawn by lot, and interrupts that are due come in. A seed gives one interleaving
 * and always the same.
 */

#include "lib/base/types.h"

/* Boots `count` CPUs into the scheduler, and runs `first(NULL)` as the first thread, on CPU 0. */
void fake_smp_run(u32 count, u32 seed, void (*first)(void *arg));

/* Called by a thread: the test is over, fake_smp_run() returns. */
_Noreturn void fake_smp_end(void);

/* A new thread that runs `entry(arg)` and ends. */
struct thread *fake_smp_thread(const char *name, void (*entry)(void *arg), void *arg);

extern u64 fake_smp_steps;    /* Points passed so far. */
extern u32 fake_smp_released; /* Threads that ended and were handed back. */
