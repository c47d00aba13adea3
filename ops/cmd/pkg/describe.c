/* SPDX-License-Identifier: Apache-2.0 */
/* pkg describe: what a package says of itself. */
#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/output/table.h"
#include "ops/pkg/package.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    README_SIZE_MAX = 1 << 20,
};

static const struct column columns[] = {
    { "name", "name", COLUMN_TEXT },
    { "version", "version", COLUMN_TEXT },
    { "description", "description", COLUMN_TEXT },
    { "language", "language", COLUMN_TEXT },
    { "program", "program", COLUMN_TEXT },
    { "args", "arguments", COLUMN_TEXT },
    { "env", "environment", COLUMN_TEXT },
    { "cwd", "directory", COLUMN_TEXT },
    { "ports", "ports", COLUMN_TEXT },
    { "udp_ports", "UDP ports", COLUMN_TEXT },
    { "path", "path", COLUMN_TEXT },
    { 0 },
};

/* With blanks between, to be freed; NULL for none. */
static char *list_join(const struct strings *list)
{
    char *text = list->count > 0 ? xstrdup(list->items[0]) : NULL;

    for (size_t i = 1; i < list->count; i++) {
        char *longer = xasprintf("%s %s", text, list->items[i]);

        free(text);
        text = longer;
    }
    return text;
}

static char *ports_join(const struct ports *ports)
{
    struct strings list = { 0 };
    char *text;

    for (size_t i = 0; i < ports->count; i++)
        strings_addf(&list, "%u:%u", ports->items[i].host, ports->items[i].guest);
    text = list_join(&list);
    strings_fini(&list);
    return text;
}

static void record_print(const struct package *package)
{
    const struct settings *settings = &package->settings;
    struct table *table = table_create(columns);
    char *args = list_join(&settings->args);
    char *envs = list_join(&settings->envs);
    char *ports = ports_join(&settings->ports);
    char *udp_ports = ports_join(&settings->udp_ports);
    const struct cell cells[] = {
        { .text = package->name },
        { .text = package->version },
        { .text = settings->description },
        { .text = settings->language },
        { .text = settings->guest_program },
        { .text = args },
        { .text = envs },
        { .text = settings->cwd },
        { .text = ports },
        { .text = udp_ports },
        { .text = package->path },
    };

    table_add(table, cells);
    table_print_record(table, stdout);
    table_destroy(table);
    free(args);
    free(envs);
    free(ports);
    free(udp_ports);
}

static void readme_print(const struct package *package)
{
    char *path = xasprintf("%s/README.md", package->path);
    char *text = file_read_text(path, README_SIZE_MAX);

    if (text)
        printf("\n%s", text);
    free(text);
    free(path);
}

static int describe_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct package package;
    struct words words;
    int status = options_parse(NULL, self, argc, argv, &words, limit, err);

    if (status != 0)
        return status;
    if (package_find(&package, words.items[0], err) < 0)
        return -1;
    record_print(&package);
    if (!ui.json)
        readme_print(&package);
    package_fini(&package);
    return 0;
}

const struct cmd cmd_pkg_describe = {
    .name = "describe",
    .usage = "PACKAGE",
    .about = "show what a package says of itself: its program, arguments, ports, README",
    .more = "PACKAGE is NAME or NAME:VERSION. NAME alone means the newest version.",
    .examples = "  ops pkg describe nginx:1.25",
    .run = describe_run,
};
