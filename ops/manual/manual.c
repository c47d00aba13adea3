/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/manual/manual.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/config/keys_doc.h"
#include "ops/output/roff.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

static const char description[] =
    "ops packs a Linux program into a disk image with nothing but the program, its libraries and "
    "the Soliton kernel, and runs it in a virtual machine of its own.\n\n"
    "It works on this machine in QEMU. Nothing asks for root rights, contacts the network unless "
    "the command is about a remote thing, or runs the program while its image is built.";

static const struct {
    const char *name;
    const char *about;
} variables[] = {
    { "OPS_HOME", "where ops keeps images, instances, volumes and packages; ~/.ops unless given" },
    { "OPS_DEFAULT_CONFIG", "the configuration that is read without -c; else ~/.opsrc" },
    { "ops_render_config", "true: replace $NAME in configurations by variables" },
    { "NO_COLOR", "no colours, whatever the terminal can do" },
    { "SOURCE_DATE_EPOCH", "the time that is written into images, in seconds since 1970" },
};

static const char exit_status[] = "0 when it was done, 1 when it could not be done, 2 when the "
                                  "command line made no sense and nothing was touched.";

static void item(const char *name, const char *about, FILE *out)
{
    fputs(".TP\n.B ", out);
    roff_words(name, out);
    fputc('\n', out);
    roff_prose(about, out);
}

/* ".BR ops-image (1)," lines. */
static void reference(const char *name, int section, bool is_last, FILE *out)
{
    fputs(".BR ", out);
    roff_words(name, out);
    fprintf(out, " (%d)%s\n", section, is_last ? "" : ",");
}

static void list(const struct cmd *const *cmds, FILE *out)
{
    roff_section("COMMANDS", out);
    for (; *cmds; cmds++)
        item((*cmds)->name, (*cmds)->about, out);
}

static void options(const struct option_spec *specs, FILE *out)
{
    for (; specs->name; specs++) {
        if (!specs->about)
            continue;
        fputs(".TP\n", out);
        if (specs->letter)
            fprintf(out, "\\fB\\-%c\\fR, ", specs->letter);
        fputs("\\fB\\-\\-", out);
        roff_words(specs->name, out);
        fputs("\\fR", out);
        if (specs->value) {
            fputs(" \\fI", out);
            roff_words(specs->value, out);
            fputs("\\fR", out);
        }
        fputc('\n', out);
        roff_prose(specs->about, out);
    }
}

/* The name of a page: "ops-image-list". To be freed. */
static char *page_name(const struct cmd *cmd, const struct cmd *group)
{
    return xasprintf("ops-%s%s%s", group ? group->name : "", group ? "-" : "", cmd->name);
}

static void page_start(const char *name, const char *about, FILE *out)
{
    char *upper = xstrdup(name);
    char *line = xasprintf("%s - %s", name, about);

    for (char *byte = upper; *byte != '\0'; byte++)
        *byte = (char)toupper((unsigned char)*byte);
    roff_title(upper, 1, out);
    roff_section("NAME", out);
    roff_prose(line, out);
    free(upper);
    free(line);
}

static void synopsis(const struct cmd *cmd, const struct cmd *group, FILE *out)
{
    roff_section("SYNOPSIS", out);
    fprintf(out, ".B ops %s%s%s\n", group ? group->name : "", group ? " " : "", cmd->name);
    if (cmd->run) {
        roff_prose(cmd->usage, out);
    } else {
        roff_prose("COMMAND [ARGUMENT...]", out);
    }
}

static void body(const struct cmd *cmd, FILE *out)
{
    if (cmd->more) {
        roff_section("DESCRIPTION", out);
        roff_prose(cmd->more, out);
    }
    if (cmd->cmds)
        list(cmd->cmds, out);
    if (cmd->run) {
        roff_section("OPTIONS", out);
        for (const struct option_spec *const *specs = cmd->options; specs && *specs; specs++)
            options(*specs, out);
        options(options_common, out);
    }
    if (cmd->examples) {
        roff_section("EXAMPLES", out);
        roff_lines(cmd->examples, out);
    }
}

void manual_cmd(const struct cmd *cmd, const struct cmd *group, FILE *out)
{
    char *name = page_name(cmd, group);

    page_start(name, cmd->about, out);
    synopsis(cmd, group, out);
    body(cmd, out);
    roff_section("EXIT STATUS", out);
    roff_prose(exit_status, out);
    roff_section("SEE ALSO", out);
    if (group) {
        char *above = page_name(group, NULL);

        reference(above, 1, false, out);
        free(above);
    }
    for (const struct cmd *const *member = cmd->cmds; member && *member; member++) {
        char *below = page_name(*member, cmd);

        reference(below, 1, false, out);
        free(below);
    }
    reference("ops", 1, false, out);
    reference("ops-config", 5, true, out);
    free(name);
}

void manual_ops(FILE *out)
{
    page_start("ops", "run a Linux program in a virtual machine of its own", out);
    roff_section("SYNOPSIS", out);
    fputs(".B ops\n", out);
    roff_prose("COMMAND [ARGUMENT...]", out);
    roff_section("DESCRIPTION", out);
    roff_prose(description, out);
    list(cmd_list, out);
    roff_section("OPTIONS", out);
    options(options_common, out);
    roff_section("ENVIRONMENT", out);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        item(variables[i].name, variables[i].about, out);
    roff_section("FILES", out);
    item("~/.ops", "what ops keeps, unless OPS_HOME says otherwise", out);
    item("~/.opsrc", "the configuration that is read when none is named", out);
    roff_section("EXIT STATUS", out);
    roff_prose(exit_status, out);
    roff_prose("ops run exits with the status of the program, or 128 and the number of the signal "
               "that ended it.",
               out);
    roff_section("SEE ALSO", out);
    for (const struct cmd *const *cmd = cmd_list; *cmd; cmd++) {
        char *name = page_name(*cmd, NULL);

        reference(name, 1, false, out);
        free(name);
    }
    reference("ops-config", 5, true, out);
}

struct pages {
    const char *folder;
    struct err *err;
    int status;
};

/* Opens FOLDER/manN/NAME.N to be written. NULL with `err` set. */
static FILE *page_open(const struct pages *pages, const char *name, int section)
{
    char *path = xasprintf("%s/man%d/%s.%d", pages->folder, section, name, section);
    char *folder = path_dir(path);
    FILE *file = NULL;

    if (dir_create(folder, pages->err) == 0) {
        file = fopen(path, "we");
        if (!file)
            err_set_errno(pages->err, "cannot write '%s'", path);
    }
    free(folder);
    free(path);
    return file;
}

static int page_close(const struct pages *pages, FILE *file, const char *name)
{
    bool failed = ferror(file) != 0;

    failed |= fclose(file) != 0;
    return failed ? err_set_errno(pages->err, "cannot write page '%s'", name) : 0;
}

static void cmd_write(const struct cmd *cmd, const struct cmd *group, void *context)
{
    struct pages *pages = context;
    char *name;
    FILE *file;

    if (pages->status < 0)
        return;
    name = page_name(cmd, group);
    file = page_open(pages, name, 1);
    pages->status = -1;
    if (file) {
        manual_cmd(cmd, group, file);
        pages->status = page_close(pages, file, name);
    }
    free(name);
}

/* A page that is no command's. */
static void other_write(struct pages *pages, const char *name, int section,
                        void (*print)(FILE *out))
{
    FILE *file;

    if (pages->status < 0)
        return;
    file = page_open(pages, name, section);
    pages->status = -1;
    if (file) {
        print(file);
        pages->status = page_close(pages, file, name);
    }
}

int manual_write(const char *folder, struct err *err)
{
    struct pages pages = { .folder = folder, .err = err };

    other_write(&pages, "ops", 1, manual_ops);
    other_write(&pages, "ops-config", 5, keys_roff);
    cmd_each(cmd_write, &pages);
    return pages.status;
}
