/* SPDX-License-Identifier: Apache-2.0 */
#include "host/xxh64.h"

#include "test/unit/unit.h"

#include <stdint.h>

/* The test vectors of the specification's own implementation. */
TEST(xxh64, gives_the_known_answers)
{
    uint8_t bytes[222];
    uint64_t byte_gen = 2654435761u; /* Its sanity buffer. */

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(byte_gen >> 56);
        byte_gen *= 11400714785074694797u;
    }
    CHECK(xxh64("", 0, 0) == 0xef46db3751d8e999);
    CHECK(xxh64("abc", 3, 0) == 0x44bc2cf5ad770999);
    CHECK(xxh64(bytes, 1, 0) == 0xe934a84adb052768);
    CHECK(xxh64(bytes, 4, 0) == 0x9136a0dca57457ee);
    CHECK(xxh64(bytes, 14, 0) == 0x8282dcc4994e35c8);
    CHECK(xxh64(bytes, 222, 0) == 0xb641ae8cb691c174);
}
