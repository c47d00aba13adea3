/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script sets, for the command at hand, which options there are and what their values and the
 * other words can be; its last part, the same for all, does the rest.
 */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/completion/completion.h"

#include <stdbool.h>
#include <stdio.h>

static const char head[] =
    "# Completion for bash, made by `ops completion bash`.\n"
    "_ops_add()\n"
    "{\n"
    "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen \"$@\" -- \"$cur\")\n"
    "}\n"
    "_ops()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local path=${COMP_WORDS[1]} at=1 i\n"
    "    local commands= options= files= dirs= values= packages= words=\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
    "            _ops_add -f\n"
    "            return\n"
    "        fi\n"
    "    done\n";

static const char tail[] =
    "    if ((COMP_CWORD <= at)); then\n"
    "        _ops_add -W \"$commands\"\n"
    "        return\n"
    "    fi\n"
    "    case \" $files \" in *\" $prev \"*) _ops_add -f; return ;; esac\n"
    "    case \" $dirs \" in *\" $prev \"*) _ops_add -d; return ;; esac\n"
    "    case \" $values \" in *\" $prev \"*) return ;; esac\n"
    "    case \" $packages \" in *\" $prev \"*) words=packages ;; esac\n"
    "    if [[ $cur == -* ]]; then\n"
    "        _ops_add -W \"$options\"\n"
    "        return\n"
    "    fi\n"
    "    for i in $words; do\n"
    "        case $i in\n"
    "        files) _ops_add -f ;;\n"
    "        dirs) _ops_add -d ;;\n"
    "        shells) _ops_add -W 'bash zsh fish' ;;\n"
    "        *) _ops_add -W \"$(ops completion --names \"$i\" 2>/dev/null)\" ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "complete -o filenames -F _ops ops\n";

/* Which of the script's lists an option belongs to. */
struct list {
    FILE *out;
    const char *name;
    unsigned kinds; /* Of its value. */
    bool all;       /* Whatever its value is. */
    bool values;    /* It has one of no known kind. */
    bool is_empty;
};

static void option_add(const struct option_spec *spec, void *context)
{
    struct list *list = context;
    unsigned kinds = words_of_option(spec);

    if (!list->all && (list->values ? !spec->value || kinds != 0 : (kinds & list->kinds) == 0))
        return;
    fprintf(list->out, list->is_empty ? " %s='" : "%s", list->is_empty ? list->name : " ");
    list->is_empty = false;
    if (spec->letter)
        fprintf(list->out, "-%c ", spec->letter);
    fprintf(list->out, "--%s", spec->name);
}

static void list_put(const struct cmd *cmd, struct list list)
{
    list.is_empty = true;
    options_each(cmd, option_add, &list);
    fputs(list.is_empty ? "" : "'", list.out);
}

static void words_put(unsigned kinds, FILE *out)
{
    fputs(" words='", out);
    fputs(kinds & WORD_FILES ? "files " : "", out);
    fputs(kinds & WORD_DIRS ? "dirs " : "", out);
    fputs(kinds & WORD_SHELLS ? "shells " : "", out);
    for (const struct word_names *names = word_names; names->name; names++) {
        if (kinds & names->kind)
            fprintf(out, "%s ", names->name);
    }
    fputs("' ;;\n", out);
}

static void commands_put(const struct cmd *const *cmds, FILE *out)
{
    for (; *cmds; cmds++)
        fprintf(out, "%s%s", (*cmds)->name, cmds[1] ? " " : "");
}

static void cmd_put(const struct cmd *cmd, const struct cmd *group, void *context)
{
    FILE *out = context;

    if (!cmd->run)
        return;
    fprintf(out, "    '%s%s%s')\n       ", group ? group->name : "", group ? " " : "", cmd->name);
    list_put(cmd, (struct list){ .out = out, .name = "options", .all = true });
    list_put(cmd, (struct list){ .out = out, .name = "files", .kinds = WORD_FILES });
    list_put(cmd, (struct list){ .out = out, .name = "dirs", .kinds = WORD_DIRS });
    list_put(cmd, (struct list){ .out = out, .name = "packages", .kinds = WORD_PACKAGES });
    list_put(cmd, (struct list){ .out = out, .name = "values", .values = true });
    words_put(words_of(cmd, group), out);
}

void completion_bash(FILE *out)
{
    fputs(head, out);
    fputs("    commands='", out);
    commands_put(cmd_list, out);
    fputs("'\n    case $path in\n", out);
    for (const struct cmd *const *cmd = cmd_list; *cmd; cmd++) {
        if (!(*cmd)->cmds)
            continue;
        fprintf(out, "    %s) at=2 path=\"$path ${COMP_WORDS[2]}\" commands=", (*cmd)->name);
        fputc('\'', out);
        commands_put((*cmd)->cmds, out);
        fputs("' ;;\n", out);
    }
    /* With the cursor on the name of the group itself, there is no second word. */
    fputs("    esac\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        commands='",
          out);
    commands_put(cmd_list, out);
    fputs("' at=1\n    fi\n    case $path in\n", out);
    cmd_each(cmd_put, out);
    fputs("    esac\n", out);
    fputs(tail, out);
}
