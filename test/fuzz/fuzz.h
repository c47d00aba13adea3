/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the fuzz entries share. An entry is a file fuzz_NAME.c with the one function libFuzzer
 * calls; it hands foreign bytes to a parser and checks what the parser promises of whatever it
 * accepts. Memory errors are found by the sanitizers, broken promises by FUZZ_CHECK.
 */

/* IWYU pragma: begin_exports */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* IWYU pragma: end_exports */

/* NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer wants. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define FUZZ_CHECK(condition)                                               \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

/* A copy that ends where ASan is watching, and that a parser may write to. To be freed. */
static inline void *fuzz_copy(const void *bytes, size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);

    FUZZ_CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}
