/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cmd/pkg/listing.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/ui.h"
#include "ops/config/settings.h"
#include "ops/output/table.h"
#include "ops/pkg/package.h"

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const struct column columns[] = {
    { "name", "NAME", COLUMN_TEXT },
    { "version", "VERSION", COLUMN_TEXT },
    { "language", "LANGUAGE", COLUMN_TEXT },
    { "created", "CREATED", COLUMN_TIME },
    { "program", NULL, COLUMN_TEXT },
    { "path", NULL, COLUMN_TEXT },
    { "description", "DESCRIPTION", COLUMN_TEXT },
    { 0 },
};

static bool text_matches(const regex_t *regex, const char *text)
{
    return text && regexec(regex, text, 0, NULL, 0) == 0;
}

static bool matches(const regex_t *regex, const struct package *package)
{
    return !regex || text_matches(regex, package->name) || text_matches(regex, package->version) ||
           text_matches(regex, package->settings.language) ||
           text_matches(regex, package->settings.description);
}

static void row_add(struct table *table, const struct package *package)
{
    char *json = xasprintf("%s/package.json", package->path);
    struct stat st = { 0 };
    struct cell cells[] = {
        { .text = package->name },
        { .text = package->version },
        { .text = package->settings.language },
        { 0 },
        { .text = package->settings.guest_program },
        { .text = package->path },
        { .text = package->settings.description },
    };

    if (stat(json, &st) == 0)
        cells[3].number = st.st_mtime;
    table_add(table, cells);
    free(json);
}

/* A package that cannot be read is told of, and does not hide the others. */
static void rows_add(struct table *table, const struct strings *folders, const regex_t *regex)
{
    for (size_t i = 0; i < folders->count; i++) {
        struct package package;
        struct err err;

        if (package_open(&package, folders->items[i], &err) < 0) {
            ui_note("warning: package '%s': %s", folders->items[i], err.text);
        } else if (matches(regex, &package)) {
            row_add(table, &package);
        }
        package_fini(&package);
    }
}

int pkg_listing_print(const char *pattern, const char *empty, struct err *err)
{
    struct strings folders = { 0 };
    struct table *table;
    regex_t regex;
    int code = pattern ? regcomp(&regex, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) : 0;
    int status;

    if (code != 0) {
        char text[128];

        (void)regerror(code, &regex, text, sizeof(text));
        return err_set(err, "'%s' is not a regular expression: %s", pattern, text);
    }
    status = package_list(&folders, err);
    if (status == 0) {
        table = table_create(columns);
        rows_add(table, &folders, pattern ? &regex : NULL);
        table_print(table, empty, stdout);
        table_destroy(table);
    }
    if (pattern)
        regfree(&regex);
    strings_fini(&folders);
    return status;
}
