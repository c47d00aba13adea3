/* SPDX-License-Identifier: Apache-2.0 */
/* A `complete` line for each command and option, under the condition that they can come now. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/completion/completion.h"

#include <stdio.h>

static const char head[] =
    "# Completion for fish, made by `ops completion fish`.\n"
    "# Whether the words behind `ops` begin with these; and whether they are just these.\n"
    "function __ops_is\n"
    "    set -l words (commandline -opc)\n"
    "    set -l last (math 1 + (count $argv))\n"
    "    test (count $words) -ge $last; or return 1\n"
    "    test -z \"$argv\"; or test \"$words[2..$last]\" = \"$argv\"\n"
    "end\n"
    "function __ops_is_just\n"
    "    set -l words (commandline -opc)\n"
    "    test (count $words) -eq (math 1 + (count $argv)); and __ops_is $argv\n"
    "end\n"
    "complete -c ops -f\n";

struct line {
    FILE *out;
    const struct cmd *cmd;
    const struct cmd *group;
};

static void text_put(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text != '\0'; text++)
        fprintf(out, "%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
    fputc('\'', out);
}

static void path_put(const struct line *line)
{
    fprintf(line->out, "%s%s%s", line->group ? line->group->name : "", line->group ? " " : "",
            line->cmd->name);
}

/* What words of these kinds can be, as arguments of `complete`. */
static void kinds_put(unsigned kinds, FILE *out)
{
    if (kinds & WORD_FILES)
        fputs(" -F", out);
    if (kinds & WORD_DIRS)
        fputs(" -a '(__fish_complete_directories)'", out);
    if (kinds & WORD_SHELLS)
        fputs(" -a 'bash zsh fish'", out);
    for (const struct word_names *names = word_names; names->name; names++) {
        if (kinds & names->kind)
            fprintf(out, " -a '(ops completion --names %s 2>/dev/null)'", names->name);
    }
}

static void option_put(const struct option_spec *spec, void *context)
{
    const struct line *line = context;

    fputs("complete -c ops -n '__ops_is ", line->out);
    path_put(line);
    fprintf(line->out, "' -l %s", spec->name);
    if (spec->letter)
        fprintf(line->out, " -s %c", spec->letter);
    if (spec->value) {
        unsigned kinds = words_of_option(spec);

        fputs(kinds & WORD_FILES ? " -r" : " -x", line->out);
        kinds_put(kinds, line->out);
    }
    fputs(" -d ", line->out);
    text_put(spec->about, line->out);
    fputc('\n', line->out);
}

static void cmd_put(const struct cmd *cmd, const struct cmd *group, void *context)
{
    struct line line = { .out = context, .cmd = cmd, .group = group };
    unsigned kinds = words_of(cmd, group);

    fprintf(line.out, "complete -c ops -n '__ops_is_just%s%s' -a %s -d ", group ? " " : "",
            group ? group->name : "", cmd->name);
    text_put(cmd->about, line.out);
    fputc('\n', line.out);
    if (!cmd->run)
        return;
    options_each(cmd, option_put, &line);
    if (kinds == 0)
        return;
    fputs("complete -c ops -n '__ops_is ", line.out);
    path_put(&line);
    fputc('\'', line.out);
    kinds_put(kinds, line.out);
    fputc('\n', line.out);
}

void completion_fish(FILE *out)
{
    fputs(head, out);
    cmd_each(cmd_put, out);
}
