/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/report.h"

#include <limits.h>
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
static void text_set(char *to, size_t size, const char *text, size_t len)
{
    size_t kept = 0;

    if (to[0] != '\0')
        return;
    for (size_t i = 0; i < len && kept < size - 1; i++)
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
    value = value_find(line, len, "restart", &value_len);
    if (value)
        (void)number_parse(&report->restarts, value, value_len, UINT32_MAX);
    if (value_find(line, len, "hold", &value_len))
        report->is_held = true;
    value = value_find(line, len, "panic", &value_len);
    if (value)
        text_set(report->panic, sizeof(report->panic), value, value_len);
    value = value_find(line, len, "error", &value_len);
    if (value)
        text_set(report->error, sizeof(report->error), value, value_len);
}

/* Whether it is a line of which there can be many; hands its text on. */
static bool stream_line(const struct report_reader *reader, const char *line, size_t len)
{
    static const char *const names[REPORT_KINDS] = { "trace", "open", "missing", "syscalls" };

    for (int kind = 0; kind < REPORT_KINDS; kind++) {
        size_t value_len;
        const char *value = value_find(line, len, names[kind], &value_len);
        char text[REPORT_LINE_MAX];

        if (!value)
            continue;
        text[0] = '\0';
        text_set(text, sizeof(text), value, value_len);
        if (reader->fn)
            reader->fn(reader->context, (enum report_kind)kind, text);
        return true;
    }
    return false;
}

/* The byte that \ooo at `text` stands for; 0: it is none. */
static unsigned char octal_byte(const char *text)
{
    unsigned value = 0;

    if (text[0] != '\\')
        return 0;
    for (size_t i = 1; i <= 3; i++) {
        if (text[i] < '0' || text[i] > '7')
            return 0;
        value = value * 8 + (unsigned)(text[i] - '0');
    }
    return value <= UCHAR_MAX ? (unsigned char)value : 0;
}

void report_path(char *text)
{
    unsigned char *to = (unsigned char *)text;

    for (const char *from = text; *from != '\0'; to++) {
        unsigned char byte = octal_byte(from);

        *to = byte != 0 ? byte : (unsigned char)*from;
        from += byte != 0 ? 4 : 1;
    }
    *to = '\0';
}

static void line_end(struct report_reader *reader)
{
    if (reader->len > 0 && reader->line[reader->len - 1] == '\r')
        reader->len--;
    if (!stream_line(reader, reader->line, reader->len)) {
        line_parse(&reader->report, reader->line, reader->len);
        if (reader->other)
            reader->other(reader->context, reader->line, reader->len);
    }
    reader->len = 0;
}

void report_feed(struct report_reader *reader, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            line_end(reader);
        } else if (reader->len < REPORT_LINE_MAX) {
            reader->line[reader->len++] = bytes[i];
        }
    }
}

void report_finish(struct report_reader *reader)
{
    if (reader->len > 0)
        line_end(reader);
}

void report_parse(struct report *report, const char *text, size_t size)
{
    struct report_reader reader = { .len = 0 };

    report_feed(&reader, text, size < REPORT_SIZE_MAX ? size : REPORT_SIZE_MAX);
    report_finish(&reader);
    *report = reader.report;
}
