/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers and sizes as people write them. */

#include <stdint.h>

struct err;

enum {
    NUMBER_MIB_MAX = 1 << 20, /* 1 TiB. */
};

/* Parses a decimal number up to `max`. */
int number_parse(uint64_t *number, const char *text, uint64_t max, struct err *err);

/*
 * Parses a size: 128M, 1G, 64k, or a plain number, which is MiB. What is no whole MiB is refused.
 */
int number_parse_mib(uint64_t *mib, const char *text, struct err *err);
