/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the kernel says of a run, apart from the console: lines on a port of QEMU's.
 *
 *     boot_ns N      from its entry to the program's first instruction
 *     memory_kib N   in use by the kernel at that time
 *     exit N         the program ended with this status
 *     signal N       the program was ended by this signal
 *     panic TEXT     the kernel gave up
 *     error TEXT     the program could not be started
 *
 * The guest is not trusted: other lines are passed over, and the first of a kind counts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REPORT_SIZE_MAX = 64 * 1024,
    REPORT_TEXT_MAX = 200,
};

struct report {
    bool has_exit;
    int exit; /* 0 to 255. */
    bool has_signal;
    int signal;                  /* 1 to 64. */
    uint64_t boot_ns;            /* 0: not said. */
    uint64_t memory_kib;         /* 0: not said. */
    char panic[REPORT_TEXT_MAX]; /* Printable; empty: it did not. */
    char error[REPORT_TEXT_MAX];
};

/* Parses `size` bytes, of which it looks at REPORT_SIZE_MAX. */
void report_parse(struct report *report, const char *text, size_t size);
