/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/watch.h"

#include "host/xmem.h"
#include "ops/output/table.h"

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

/* What the summary has of one system call. */
struct watch_calls {
    char name[SYSCALL_NAME_MAX];
    uint64_t calls;
    uint64_t errors;
    uint64_t ns;
};

/* A number behind a space. Moves on to what follows it. */
static bool number_take(uint64_t *number, const char **rest)
{
    char *end;

    if (**rest != ' ' || (*rest)[1] < '0' || (*rest)[1] > '9')
        return false;
    *number = strtoull(*rest + 1, &end, 10);
    *rest = end;
    return true;
}

/* "NAME CALLS ERRORS NANOSECONDS" */
static bool calls_parse(struct watch_calls *calls, const char *line)
{
    size_t len = strcspn(line, " ");
    const char *rest = line + len;

    snprintf(calls->name, sizeof(calls->name), "%.*s", (int)len, line);
    return len > 0 && number_take(&calls->calls, &rest) && number_take(&calls->errors, &rest) &&
           number_take(&calls->ns, &rest) && calls->calls > 0;
}

/* As much as there can be: the guest says what it likes. */
static void number_add(uint64_t *sum, uint64_t number)
{
    *sum = number > UINT64_MAX - *sum ? UINT64_MAX : *sum + number;
}

/* Adds them to those of the same name: of an earlier life of the machine. */
static void calls_add(struct watch *watch, const struct watch_calls *calls)
{
    for (size_t i = 0; i < watch->call_count; i++) {
        struct watch_calls *sum = &watch->calls[i];

        if (strcmp(sum->name, calls->name) != 0)
            continue;
        number_add(&sum->calls, calls->calls);
        number_add(&sum->errors, calls->errors);
        number_add(&sum->ns, calls->ns);
        return;
    }
    if (watch->call_count == SYSCALLS_MAX)
        return;
    watch->calls = xrealloc(watch->calls, watch->call_count + 1, sizeof(*watch->calls));
    watch->calls[watch->call_count++] = *calls;
}

static void line_take(void *context, enum report_kind kind, const char *text)
{
    struct watch *watch = context;
    struct watch_calls calls = { .calls = 0 };

    if (kind == REPORT_TRACE) {
        fprintf(watch->out, "%s\n", text);
    } else if (kind == REPORT_MISSING && watch->is_live) {
        fprintf(watch->out, "missing %s\n", text);
    } else if (kind == REPORT_MISSING && watch->missing.count < MISSING_MAX) {
        strings_add(&watch->missing, text);
    } else if (kind == REPORT_SYSCALLS && calls_parse(&calls, text)) {
        calls_add(watch, &calls);
    }
}

void watch_feed(void *context, const char *bytes, size_t size)
{
    struct watch *watch = context;

    watch->reader.fn = line_take;
    watch->reader.context = watch;
    report_feed(&watch->reader, bytes, size);
}

static int calls_compare(const void *a, const void *b)
{
    const struct watch_calls *left = a;
    const struct watch_calls *right = b;

    if (left->ns != right->ns)
        return left->ns < right->ns ? 1 : -1;
    return strcmp(left->name, right->name);
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
static void summary_print(struct watch *watch)
{
    struct table *table = table_create(summary_columns);

    qsort(watch->calls, watch->call_count, sizeof(*watch->calls), calls_compare);
    for (size_t i = 0; i < watch->call_count; i++) {
        const struct watch_calls *calls = &watch->calls[i];
        struct cell cells[] = {
            { .text = calls->name },
            { .number = (int64_t)calls->calls },
            { .number = (int64_t)calls->errors },
            { .number = (int64_t)calls->ns },
            { .number = (int64_t)(calls->ns / calls->calls) },
        };

        table_add(table, cells);
    }
    table_print(table, "The program made no system calls.", watch->out);
    table_destroy(table);
}

void watch_finish(struct watch *watch)
{
    report_finish(&watch->reader);
    for (size_t i = 0; i < watch->missing.count; i++)
        fprintf(watch->out, "missing %s\n", watch->missing.items[i]);
    if (watch->call_count > 0)
        summary_print(watch);
}

void watch_fini(struct watch *watch)
{
    strings_fini(&watch->missing);
    free(watch->calls);
    watch->calls = NULL;
    watch->call_count = 0;
}
