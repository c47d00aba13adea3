/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Random numbers: ChaCha20, reseeded from whatever the machine offers. Any context. */

#include "lib/base/types.h"

/* Seeds from the CPU's instruction and the cycle counter. Before anything else here. */
void entropy_init(void);

/* Mixes `len` bytes in. Bytes of little worth do no harm. */
void entropy_add(const void *bytes, size_t len);

/* True while the pool has less than it wants from outside. */
bool entropy_wanted(void);

/* Fills `bytes` with random bytes fit for keys. Never blocks. */
void random_bytes(void *bytes, size_t len);
u64 random_u64(void);

/* Uniform in 0..bound-1. `bound` is not 0. */
u64 random_below(u64 bound);
