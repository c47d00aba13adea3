/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/report.h"

#include <string.h>

enum {
    EXIT_MAX = 255,
    SIGNAL_MAX = 64,
};

/* What follows `key` and a space in the line, or NULL. */
static const char *value_find(const char *line, size_t len, const char *key, size_t *value_len)
{
    size_t key_len = strlen(key);

    if (len < key_len + 1 || strncmp(line, key, key_len) != 0 || line[key_len] != ' ')
        return NULL;
    *value_len = len - key_len - 1;
    return line + key_len + 1;
}

static bool number_parse(uint64_t *number, const char *text, size_t len, uint64_t max)
{
    uint64_t sum = 0;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || sum > UINT64_MAX / 10 - 1)
            return false;
        sum = sum * 10 + (uint64_t)(text[i] - '0');
    }
    if (sum > max)
        return false;
    *number = sum;
    return true;
}

/* Only what a terminal shows as it is. */
static void text_set(char *to, const char *text, size_t len)
{
    size_t kept = 0;

    if (to[0] != '\0')
        return;
    for (size_t i = 0; i < len && kept < REPORT_TEXT_MAX - 1; i++)
        to[kept++] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    to[kept] = '\0';
}

static void line_parse(struct report *report, const char *line, size_t len)
{
    const char *value;
    size_t value_len;
    uint64_t number;

    value = value_find(line, len, "exit", &value_len);
    if (value && !report->has_exit && number_parse(&number, value, value_len, EXIT_MAX)) {
        report->has_exit = true;
        report->exit = (int)number;
    }
    value = value_find(line, len, "signal", &value_len);
    if (value && !report->has_signal && number_parse(&number, value, value_len, SIGNAL_MAX) &&
        number > 0) {
        report->has_signal = true;
        report->signal = (int)number;
    }
    value = value_find(line, len, "boot_ns", &value_len);
    if (value && report->boot_ns == 0)
        (void)number_parse(&report->boot_ns, value, value_len, UINT64_MAX);
    value = value_find(line, len, "memory_kib", &value_len);
    if (value && report->memory_kib == 0)
        (void)number_parse(&report->memory_kib, value, value_len, UINT64_MAX);
    value = value_find(line, len, "panic", &value_len);
    if (value)
        text_set(report->panic, value, value_len);
    value = value_find(line, len, "error", &value_len);
    if (value)
        text_set(report->error, value, value_len);
}

void report_parse(struct report *report, const char *text, size_t size)
{
    size_t at = 0;

    *report = (struct report){ .boot_ns = 0 };
    if (size > REPORT_SIZE_MAX)
        size = REPORT_SIZE_MAX;
    while (at < size) {
        size_t len = 0;

        while (at + len < size && text[at + len] != '\n')
            len++;
        line_parse(report, text + at, len > 0 && text[at + len - 1] == '\r' ? len - 1 : len);
        at += len + 1;
    }
}
