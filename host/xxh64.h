/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * XXH64, from the xxHash specification 0.2.0: a fast hash that tells contents apart where nobody
 * tries to make two look alike. For names that have to withstand that there is SHA-256.
 */

#include <stddef.h>
#include <stdint.h>

/* The hash of `size` bytes. */
uint64_t xxh64(const void *bytes, size_t size, uint64_t seed);
