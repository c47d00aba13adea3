/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cmd/run_report.h"

#include "ops/config/settings.h"
#include "ops/output/table.h"
#include "ops/vm/launch.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MISSING_MAX = 65536, /* The guest says how many there are. */
    SYSCALLS_MAX = 1024,
    SYSCALL_NAME_MAX = 64,
};

void run_report_lines(struct launch *launch, const struct settings *settings)
{
    if (settings->trace)
        launch_add_line(launch, "trace", "on");
    for (size_t i = 0; i < settings->no_trace.count; i++)
        launch_add_line(launch, "notrace", settings->no_trace.items[i]);
    if (settings->syscall_summary)
        launch_add_line(launch, "syscall-summary", "on");
    if (settings->missing_files)
        launch_add_line(launch, "trace-files", "on");
}

static void line_take(void *context, enum report_kind kind, const char *text)
{
    struct run_report *report = context;

    if (kind == REPORT_TRACE) {
        fprintf(stderr, "%s\n", text);
    } else if (kind == REPORT_MISSING && report->missing.count < MISSING_MAX) {
        strings_add(&report->missing, text);
    } else if (kind == REPORT_SYSCALLS && report->syscalls.count < SYSCALLS_MAX) {
        strings_add(&report->syscalls, text);
    }
}

void run_report_feed(void *context, const char *bytes, size_t size)
{
    struct run_report *report = context;

    report->reader.fn = line_take;
    report->reader.context = report;
    report_feed(&report->reader, bytes, size);
}

struct summary_row {
    char name[SYSCALL_NAME_MAX];
    uint64_t calls;
    uint64_t errors;
    uint64_t ns;
};

static int row_compare(const void *a, const void *b)
{
    const struct summary_row *left = a;
    const struct summary_row *right = b;

    if (left->ns != right->ns)
        return left->ns < right->ns ? 1 : -1;
    return strcmp(left->name, right->name);
}

/* A number behind a space. Moves on to what follows it. */
static bool number_take(uint64_t *number, char **rest)
{
    char *end;

    if (**rest != ' ' || (*rest)[1] < '0' || (*rest)[1] > '9')
        return false;
    *number = strtoull(*rest + 1, &end, 10);
    *rest = end;
    return true;
}

static bool row_parse(struct summary_row *row, char *line)
{
    size_t len = strcspn(line, " ");
    char *rest = line + len;

    snprintf(row->name, sizeof(row->name), "%.*s", (int)len, line);
    return len > 0 && number_take(&row->calls, &rest) && number_take(&row->errors, &rest) &&
           number_take(&row->ns, &rest) && row->calls > 0;
}

static const struct column summary_columns[] = {
    { "name", "SYSCALL", COLUMN_TEXT },
    { "calls", "CALLS", COLUMN_NUMBER },
    { "errors", "ERRORS", COLUMN_NUMBER },
    { "seconds", "TIME", COLUMN_SPAN },
    { "seconds_per_call", "PER CALL", COLUMN_SPAN },
    { 0 },
};

/* The dearest first, as strace -c has them. */
static void summary_print(const struct strings *lines)
{
    struct summary_row *rows = calloc(lines->count + 1, sizeof(*rows));
    struct table *table = table_create(summary_columns);
    size_t count = 0;

    for (size_t i = 0; rows && i < lines->count; i++) {
        if (row_parse(&rows[count], lines->items[i]))
            count++;
    }
    if (count > 0)
        qsort(rows, count, sizeof(*rows), row_compare);
    for (size_t i = 0; i < count; i++) {
        struct cell cells[] = {
            { .text = rows[i].name },
            { .number = (int64_t)rows[i].calls },
            { .number = (int64_t)rows[i].errors },
            { .number = (int64_t)rows[i].ns },
            { .number = (int64_t)(rows[i].ns / rows[i].calls) },
        };

        table_add(table, cells);
    }
    table_print(table, "The program made no system calls.", stderr);
    table_destroy(table);
    free(rows);
}

void run_report_finish(struct run_report *report)
{
    report_finish(&report->reader);
    for (size_t i = 0; i < report->missing.count; i++)
        fprintf(stderr, "missing %s\n", report->missing.items[i]);
    if (report->syscalls.count > 0)
        summary_print(&report->syscalls);
}

void run_report_fini(struct run_report *report)
{
    strings_fini(&report->missing);
    strings_fini(&report->syscalls);
}
