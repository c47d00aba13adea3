/* SPDX-License-Identifier: Apache-2.0 */
/* IWYU pragma: no_include <bits/types/struct_tm.h> */
#include "ops/output/human.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

enum {
    MINUTE_S = 60,
    HOUR_S = 60 * MINUTE_S,
    DAY_S = 24 * HOUR_S,
    YEAR_S = 365 * DAY_S,
    US_NS = 1000,
    MS_NS = 1000 * US_NS,
    S_NS = 1000 * MS_NS,
};

char *human_bytes(char text[HUMAN_SIZE_MAX], uint64_t bytes)
{
    static const char *const units[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
    double value = (double)bytes / 1000;
    size_t unit = 0;

    if (bytes < 1000) {
        snprintf(text, HUMAN_SIZE_MAX, "%u B", (unsigned)bytes);
        return text;
    }
    while (value >= 999.5) { /* What would be printed as 1000. */
        value /= 1000;
        unit++;
    }
    snprintf(text, HUMAN_SIZE_MAX, value < 99.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

/* "2 min 3 s"; the smaller unit only when there is some of it. */
static void two_units(char text[HUMAN_SIZE_MAX], uint64_t count, uint64_t each, const char *large,
                      const char *small)
{
    if (count % each == 0) {
        snprintf(text, HUMAN_SIZE_MAX, "%" PRIu64 " %s", count / each, large);
    } else {
        snprintf(text, HUMAN_SIZE_MAX, "%" PRIu64 " %s %" PRIu64 " %s", count / each, large,
                 count % each, small);
    }
}

char *human_span(char text[HUMAN_SIZE_MAX], uint64_t ns)
{
    uint64_t seconds = ns / S_NS;

    if (ns == 0) {
        snprintf(text, HUMAN_SIZE_MAX, "0 s");
    } else if (ns < MS_NS) {
        snprintf(text, HUMAN_SIZE_MAX, "%" PRIu64 " us", ns / US_NS);
    } else if (ns < S_NS) {
        snprintf(text, HUMAN_SIZE_MAX, "%" PRIu64 " ms", ns / MS_NS);
    } else if (seconds < MINUTE_S) {
        snprintf(text, HUMAN_SIZE_MAX, "%" PRIu64 ".%" PRIu64 " s", seconds,
                 ns % S_NS / (S_NS / 10));
    } else if (seconds < HOUR_S) {
        two_units(text, seconds, MINUTE_S, "min", "s");
    } else if (seconds < DAY_S) {
        two_units(text, seconds / MINUTE_S, HOUR_S / MINUTE_S, "h", "min");
    } else {
        two_units(text, seconds / HOUR_S, DAY_S / HOUR_S, "d", "h");
    }
    return text;
}

static void ago(char text[HUMAN_SIZE_MAX], int64_t count, const char *unit)
{
    snprintf(text, HUMAN_SIZE_MAX, "%" PRId64 " %s%s ago", count, unit, count == 1 ? "" : "s");
}

static void date(char text[HUMAN_SIZE_MAX], int64_t then_s)
{
    time_t then = (time_t)then_s;
    struct tm parts;

    if (!gmtime_r(&then, &parts) || strftime(text, HUMAN_SIZE_MAX, "%Y-%m-%d", &parts) == 0)
        snprintf(text, HUMAN_SIZE_MAX, "long ago");
}

char *human_ago(char text[HUMAN_SIZE_MAX], int64_t then_s, int64_t now_s)
{
    int64_t passed;

    if (__builtin_sub_overflow(now_s, then_s, &passed))
        passed = then_s < now_s ? INT64_MAX : 0;
    if (passed < MINUTE_S) {
        snprintf(text, HUMAN_SIZE_MAX, "just now");
    } else if (passed < HOUR_S) {
        ago(text, passed / MINUTE_S, "minute");
    } else if (passed < DAY_S) {
        ago(text, passed / HOUR_S, "hour");
    } else if (passed < YEAR_S) {
        ago(text, passed / DAY_S, "day");
    } else {
        date(text, then_s);
    }
    return text;
}
