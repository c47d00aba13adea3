/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/output/table.h"

#include "ops/cli/ui.h"
#include "test/unit/unit.h"

#include <stdbool.h>
#include <string.h>

static const struct column columns[] = {
    { "name", "NAME", COLUMN_TEXT },     { "size", "SIZE", COLUMN_BYTES },
    { "created", NULL, COLUMN_TIME },    { "cpus", "CPUS", COLUMN_NUMBER },
    { "uptime", "UPTIME", COLUMN_SPAN }, { "ready", "READY", COLUMN_BOOL },
    { "note", "NOTE", COLUMN_TEXT },     { NULL, NULL, COLUMN_TEXT },
};

static const struct cell short_row[] = {
    { .text = "web" },         { .number = 1500000 }, { .number = 0 },      { .number = 2 },
    { .number = 62000000000 }, { .number = 1 },       { .text = "a\033b" },
};

static const struct cell long_row[] = {
    { .text = "api" },
    { .number = CELL_NONE },
    { .number = 1700000000 },
    { .number = 16 },
    { .number = 1500000000 },
    { .number = 0 },
    { .text =
          "a remark that is far too long for a line of eighty letters, \xc3\xa4\xc3\xb6\xc3\xbc" },
};

static char *printed;

/* What a table of the rows prints, in `printed`. */
static void print(const struct cell *const *rows, void (*end)(struct table *table, FILE *out))
{
    struct table *table = table_create(columns);
    size_t size;
    FILE *out = open_memstream(&printed, &size);

    for (; *rows; rows++)
        table_add(table, *rows);
    end(table, out);
    fclose(out);
    table_destroy(table);
}

static void end_list(struct table *table, FILE *out)
{
    table_sort(table);
    table_print(table, "there are none", out);
}

static void end_record(struct table *table, FILE *out)
{
    table_print_record(table, out);
}

static void check_printed(const char *expected)
{
    if (strcmp(printed, expected) != 0)
        fprintf(stderr, "---\n%s--- is not\n%s---\n", printed, expected);
    CHECK_EQ(strcmp(printed, expected), 0);
    free(printed);
}

TEST(table, lines_up_for_people_and_fits_80_letters)
{
    print((const struct cell *const[]){ short_row, long_row, NULL }, end_list);
    check_printed(
        "NAME    SIZE  CPUS  UPTIME     READY  NOTE\n"
        "api        -    16  1.5 s      no     a remark that is far too long for a lin...\n"
        "web   1.5 MB     2  1 min 2 s  yes    a?b\n");
}

TEST(table, says_so_when_it_is_empty)
{
    print((const struct cell *const[]){ NULL }, end_list);
    check_printed("there are none\n");
    ui.json = true;
    print((const struct cell *const[]){ NULL }, end_list);
    check_printed("[]\n");
}

TEST(table, prints_every_column_as_json)
{
    ui.json = true;
    print((const struct cell *const[]){ short_row, NULL }, end_list);
    check_printed("[\n"
                  "  {\n"
                  "    \"name\": \"web\",\n"
                  "    \"size\": 1500000,\n"
                  "    \"created\": null,\n"
                  "    \"cpus\": 2,\n"
                  "    \"uptime\": 62.0,\n"
                  "    \"ready\": true,\n"
                  "    \"note\": \"a\\u001Bb\"\n"
                  "  }\n"
                  "]\n");
}

TEST(table, makes_json_of_bytes_that_are_no_utf8)
{
    struct cell row[7];

    memcpy(row, long_row, sizeof(row));
    row[0].text = "\xff";
    row[6].text = NULL;
    ui.json = true;
    print((const struct cell *const[]){ row, NULL }, end_record);
    CHECK(strstr(printed, "\"name\": \"?\""));
    CHECK(strstr(printed, "\"size\": null"));
    CHECK(strstr(printed, "\"created\": \"2023-11-14T22:13:20Z\""));
    CHECK(strstr(printed, "\"note\": null"));
    free(printed);
}

TEST(table, prints_a_record_as_lines)
{
    print((const struct cell *const[]){ short_row, NULL }, end_record);
    check_printed("NAME:   web\n"
                  "SIZE:   1.5 MB\n"
                  "CPUS:   2\n"
                  "UPTIME: 1 min 2 s\n"
                  "READY:  yes\n"
                  "NOTE:   a?b\n");
}

TEST(table, has_columns_for_people_only)
{
    static const struct column two[] = {
        { "", "NAME", COLUMN_TEXT },
        { "path", NULL, COLUMN_TEXT },
        { NULL, NULL, COLUMN_TEXT },
    };
    struct table *table = table_create(two);
    size_t size;
    FILE *out = open_memstream(&printed, &size);

    table_add(table, (const struct cell[]){ { .text = "  b" }, { .text = "a.b" } });
    table_print(table, "", out);
    ui.json = true;
    table_print_record(table, out);
    fclose(out);
    table_destroy(table);
    check_printed("NAME\n"
                  "  b\n"
                  "{\n"
                  "  \"path\": \"a.b\"\n"
                  "}\n");
}

TEST(table, prints_a_single_name)
{
    size_t size;
    FILE *out = open_memstream(&printed, &size);

    table_print_name("name", "web", out);
    ui.json = true;
    table_print_name("name", "a\"b", out);
    fclose(out);
    check_printed("web\n"
                  "{\n"
                  "  \"name\": \"a\\\"b\"\n"
                  "}\n");
}
