/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/watch.h"

#include "ops/output/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MISSING_MAX = 65536, /* The guest says how many there are. */
    SYSCALLS_MAX = 1024,
    SYSCALL_NAME_MAX = 64,
};

static void line_take(void *context, enum report_kind kind, const char *text)
{
    struct watch *watch = context;

    if (kind == REPORT_TRACE) {
        fprintf(watch->out, "%s\n", text);
    } else if (kind == REPORT_MISSING && watch->is_live) {
        fprintf(watch->out, "missing %s\n", text);
    } else if (kind == REPORT_MISSING && watch->missing.count < MISSING_MAX) {
        strings_add(&watch->missing, text);
    } else if (kind == REPORT_SYSCALLS && watch->syscalls.count < SYSCALLS_MAX) {
        strings_add(&watch->syscalls, text);
    }
}

void watch_feed(void *context, const char *bytes, size_t size)
{
    struct watch *watch = context;

    watch->reader.fn = line_take;
    watch->reader.context = watch;
    report_feed(&watch->reader, bytes, size);
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
static void summary_print(const struct strings *lines, FILE *out)
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
    table_print(table, "The program made no system calls.", out);
    table_destroy(table);
    free(rows);
}

void watch_finish(struct watch *watch)
{
    report_finish(&watch->reader);
    for (size_t i = 0; i < watch->missing.count; i++)
        fprintf(watch->out, "missing %s\n", watch->missing.items[i]);
    if (watch->syscalls.count > 0)
        summary_print(&watch->syscalls, watch->out);
}

void watch_fini(struct watch *watch)
{
    strings_fini(&watch->missing);
    strings_fini(&watch->syscalls);
}
