/* SPDX-License-Identifier: Apache-2.0 */
/* IWYU pragma: no_include <bits/types/struct_tm.h> */
#include "ops/output/table.h"

#include "host/xmem.h"
#include "ops/cli/ui.h"
#include "ops/output/human.h"
#include "ops/output/plain.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

enum {
    LINE_WIDTH = 80,
    TEXT_WIDTH_MIN = 8, /* Less of a text that is cut says nothing. */
    GAP_WIDTH = 2,
};

struct table {
    const struct column *columns;
    size_t column_count;
    struct cell *cells; /* Row by row. */
    size_t row_count;
};

struct table *table_create(const struct column *columns)
{
    struct table *table = xcalloc(1, sizeof(*table));

    table->columns = columns;
    while (columns[table->column_count].key)
        table->column_count++;
    return table;
}

static bool column_has_text(const struct column *column)
{
    return column->kind == COLUMN_TEXT;
}

void table_destroy(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        free((char *)(uintptr_t)table->cells[i].text);
    free(table->cells);
    free(table);
}

void table_add(struct table *table, const struct cell *cells)
{
    struct cell *row;

    table->cells =
        xrealloc(table->cells, (table->row_count + 1) * table->column_count, sizeof(*table->cells));
    row = &table->cells[table->row_count++ * table->column_count];
    for (size_t i = 0; i < table->column_count; i++) {
        bool is_text = column_has_text(&table->columns[i]) && cells[i].text;

        row[i] = (struct cell){
            .text = is_text ? xstrdup(cells[i].text) : NULL,
            .number = cells[i].number,
        };
    }
}

static int row_compare(const void *a, const void *b)
{
    const char *first = ((const struct cell *)a)->text;
    const char *second = ((const struct cell *)b)->text;

    return strcmp(first ? first : "", second ? second : "");
}

void table_sort(struct table *table)
{
    if (table->row_count == 0)
        return;
    qsort(table->cells, table->row_count, table->column_count * sizeof(*table->cells), row_compare);
}

/* How many columns of a terminal a text takes, if each letter takes one. */
static size_t text_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80; /* UTF-8: not a byte inside a letter. */
    return width;
}

/* What must not reach a terminal: a name may come from anywhere. */
static char *text_clean(const char *text)
{
    char *clean = xstrdup(text);

    plain_make(clean);
    return clean;
}

/* A cell for people, to be freed. */
static char *cell_text(const struct column *column, const struct cell *cell)
{
    char text[HUMAN_SIZE_MAX];

    if (column->kind != COLUMN_TEXT && cell->number == CELL_NONE)
        return xstrdup("-");
    switch (column->kind) {
    case COLUMN_TEXT:
        return cell->text && *cell->text != '\0' ? text_clean(cell->text) : xstrdup("-");
    case COLUMN_NUMBER:
        return xasprintf("%lld", (long long)cell->number);
    case COLUMN_BYTES:
        return xstrdup(human_bytes(text, (uint64_t)cell->number));
    case COLUMN_TIME:
        return xstrdup(cell->number == 0 ? "-" : human_ago(text, cell->number, time(NULL)));
    case COLUMN_SPAN:
        return xstrdup(human_span(text, (uint64_t)cell->number));
    case COLUMN_BOOL:
        return xstrdup(cell->number != 0 ? "yes" : "no");
    }
    return xstrdup("-");
}

static json_t *json_text(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    char *ascii;

    if (value)
        return value;
    ascii = xstrdup(text); /* No UTF-8. */
    for (char *byte = ascii; *byte != '\0'; byte++) {
        if ((unsigned char)*byte >= 0x80)
            *byte = '?';
    }
    value = json_string(ascii);
    free(ascii);
    return value;
}

static json_t *json_time(int64_t seconds)
{
    time_t time = (time_t)seconds;
    char text[HUMAN_SIZE_MAX];
    struct tm parts;

    if (seconds == 0 || !gmtime_r(&time, &parts) ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return json_null();
    return json_string(text);
}

static json_t *cell_json(const struct column *column, const struct cell *cell)
{
    if (column->kind != COLUMN_TEXT && cell->number == CELL_NONE)
        return json_null();
    switch (column->kind) {
    case COLUMN_TEXT:
        return json_text(cell->text);
    case COLUMN_NUMBER:
    case COLUMN_BYTES:
        return json_integer(cell->number);
    case COLUMN_TIME:
        return json_time(cell->number);
    case COLUMN_SPAN:
        return json_real((double)cell->number / 1e9);
    case COLUMN_BOOL:
        return json_boolean(cell->number != 0);
    }
    return json_null();
}

static json_t *row_json(const struct table *table, size_t row)
{
    json_t *object = json_object();

    for (size_t i = 0; i < table->column_count; i++) {
        const struct cell *cell = &table->cells[row * table->column_count + i];

        if (table->columns[i].key[0] != '\0')
            json_object_set_new(object, table->columns[i].key, cell_json(&table->columns[i], cell));
    }
    return object;
}

static void json_print(json_t *value, FILE *out)
{
    json_dumpf(value, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    fputc('\n', out);
    json_decref(value);
}

static size_t line_width(FILE *out)
{
    struct winsize size;
    int fd = fileno(out);

    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col < LINE_WIDTH)
        return LINE_WIDTH;
    return size.ws_col;
}

/* Narrows the last column of texts as far as it takes for a line to fit. */
static void widths_fit(const struct table *table, size_t *widths, size_t room)
{
    size_t last = table->column_count;
    size_t total = 0;
    size_t least;

    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].title)
            continue;
        total += widths[i] + (total > 0 ? GAP_WIDTH : 0);
        if (column_has_text(&table->columns[i]))
            last = i;
    }
    if (total <= room || last == table->column_count)
        return;
    least = text_width(table->columns[last].title);
    if (least < TEXT_WIDTH_MIN)
        least = TEXT_WIDTH_MIN;
    if (widths[last] > least)
        widths[last] -= total - room < widths[last] - least ? total - room : widths[last] - least;
}

/* Cuts a text to `width`, the last three of which are dots. */
static void text_cut(char *text, size_t width)
{
    char *at = text;

    if (text_width(text) <= width)
        return;
    for (size_t letters = 0; letters < width - 3; letters++) {
        at++;
        while (((unsigned char)*at & 0xc0) == 0x80)
            at++;
    }
    snprintf(at, sizeof("..."), "...");
}

/* One line of cells; trailing blanks are left out. */
static void line_print(const struct table *table, char *const *texts, const size_t *widths,
                       FILE *out)
{
    size_t blanks = 0;

    for (size_t i = 0; i < table->column_count; i++) {
        bool is_right =
            table->columns[i].kind == COLUMN_NUMBER || table->columns[i].kind == COLUMN_BYTES;
        size_t fill;

        if (!table->columns[i].title)
            continue;
        text_cut(texts[i], widths[i]);
        fill = widths[i] - text_width(texts[i]);
        fprintf(out, "%*s%s", (int)(blanks + (is_right ? fill : 0)), "", texts[i]);
        blanks = GAP_WIDTH + (is_right ? 0 : fill);
    }
}

static void title_print(const struct table *table, const size_t *widths, FILE *out)
{
    bool is_bold = out == stdout && ui_colors();
    char **texts = xcalloc(table->column_count, sizeof(*texts));

    for (size_t i = 0; i < table->column_count; i++)
        texts[i] = xstrdup(table->columns[i].title ? table->columns[i].title : "");
    fputs(is_bold ? "\033[1m" : "", out);
    line_print(table, texts, widths, out);
    fputs(is_bold ? "\033[0m\n" : "\n", out);
    for (size_t i = 0; i < table->column_count; i++)
        free(texts[i]);
    free(texts);
}

static void people_print(const struct table *table, FILE *out)
{
    size_t cell_count = table->row_count * table->column_count;
    size_t *widths = xcalloc(table->column_count, sizeof(*widths));
    char **texts = xcalloc(cell_count, sizeof(*texts));

    for (size_t i = 0; i < table->column_count; i++)
        widths[i] = table->columns[i].title ? text_width(table->columns[i].title) : 0;
    for (size_t i = 0; i < cell_count; i++) {
        size_t column = i % table->column_count;
        size_t width;

        texts[i] = cell_text(&table->columns[column], &table->cells[i]);
        width = text_width(texts[i]);
        if (width > widths[column])
            widths[column] = width;
    }
    widths_fit(table, widths, line_width(out));
    title_print(table, widths, out);
    for (size_t row = 0; row < table->row_count; row++) {
        line_print(table, texts + row * table->column_count, widths, out);
        fputc('\n', out);
    }
    for (size_t i = 0; i < cell_count; i++)
        free(texts[i]);
    free(texts);
    free(widths);
}

void table_print(const struct table *table, const char *empty, FILE *out)
{
    if (ui.json) {
        json_t *array = json_array();

        for (size_t row = 0; row < table->row_count; row++)
            json_array_append_new(array, row_json(table, row));
        json_print(array, out);
    } else if (table->row_count == 0) {
        fprintf(out, "%s\n", empty);
    } else {
        people_print(table, out);
    }
}

void table_print_record(const struct table *table, FILE *out)
{
    size_t widest = 0;

    if (table->row_count == 0)
        return;
    if (ui.json) {
        json_print(row_json(table, 0), out);
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        size_t width = table->columns[i].title ? text_width(table->columns[i].title) : 0;

        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        char *text;

        if (!column->title)
            continue;
        text = cell_text(column, &table->cells[i]);
        fprintf(out, "%s:%*s %s\n", column->title, (int)(widest - text_width(column->title)), "",
                text);
        free(text);
    }
}

void table_print_name(const char *key, const char *text, FILE *out)
{
    json_t *object;

    if (!ui.json) {
        fprintf(out, "%s\n", text);
        return;
    }
    object = json_object();
    json_object_set_new(object, key, json_text(text));
    json_print(object, out);
}
