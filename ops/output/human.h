/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sizes and times as a person would say them. */

#include <stdint.h>

enum {
    HUMAN_SIZE_MAX = 64, /* Room for any of these. */
};

/* "512 B", "12.3 KB", "1.4 GB": powers of 1000, as df -H. Returns `text`. */
char *human_bytes(char text[HUMAN_SIZE_MAX], uint64_t bytes);

/* "850 us", "45 ms", "3.2 s", "2 min 3 s", "5 h 2 min", "3 d 4 h". Returns `text`. */
char *human_span(char text[HUMAN_SIZE_MAX], uint64_t ns);

/* "just now", "3 minutes ago", "2 days ago", or the date when that is over a year ago. */
char *human_ago(char text[HUMAN_SIZE_MAX], int64_t then_s, int64_t now_s);
