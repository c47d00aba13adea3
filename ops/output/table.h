/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a listing prints: rows of named columns, as a table for people or, with --json, as a JSON
 * array of objects. Both come from the same columns, so they cannot disagree. docs/json.md names
 * the columns of every command; they are only ever added to.
 */

#include <stdint.h>
#include <stdio.h>

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER, /* Right-aligned. */
    COLUMN_BYTES,  /* For people "12.3 MB", in JSON a number of bytes. */
    COLUMN_TIME,   /* Unix time in seconds: for people "3 minutes ago", in JSON RFC 3339 in UTC. */
    COLUMN_SPAN,   /* Nanoseconds: for people "2 min 3 s", in JSON a number of seconds. */
    COLUMN_BOOL,
};

struct column {
    const char *key;   /* In JSON, lower case with underscores; "": only for people. */
    const char *title; /* In the table; NULL: only in JSON. */
    enum column_kind kind;
};

/* A number that is not known: "-" for people, null in JSON. */
#define CELL_NONE INT64_MIN

/* A cell; which field counts says its column. NULL text: nothing there, "-" and null likewise. */
struct cell {
    const char *text; /* COLUMN_TEXT. Copied. */
    int64_t number;   /* The others. COLUMN_TIME: 0 means never, as CELL_NONE. */
};

struct table;

/* `columns` ends with one without a key, and lives as long as the table. */
struct table *table_create(const struct column *columns);
void table_destroy(struct table *table);

/* Adds a row of as many cells as there are columns. */
void table_add(struct table *table, const struct cell *cells);

/* Sorts the rows by the first column, as strings. */
void table_sort(struct table *table);

/*
 * Prints it to `out`: as JSON if --json was given, else for people, no wider than 80 characters
 * (or the terminal, when that is wider) where the last text column can be cut ("..."). `empty` is
 * the line for people without rows.
 */
void table_print(const struct table *table, const char *empty, FILE *out);

/* Prints a table of one row: a JSON object, or `title: value` lines. */
void table_print_record(const struct table *table, FILE *out);

/*
 * Prints the one thing that a command made or found, its name or path, to `out`: a line, or as JSON
 * an object with the one member `key`.
 */
void table_print_name(const char *key, const char *text, FILE *out);
