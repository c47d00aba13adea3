/* SPDX-License-Identifier: Apache-2.0 */
/* A function for each command, in terms of zsh's own _arguments and _describe. */
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/completion/completion.h"

#include <stdio.h>
#include <string.h>

/* Text within single quotes, where a backslash keeps `special` letters from meaning something. */
static void text_put(const char *text, const char *special, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs("'\\''", out);
        } else {
            fprintf(out, "%s%c", strchr(special, *text) ? "\\" : "", *text);
        }
    }
}

/* The function that offers words of these kinds; "" for none. */
static const char *action_of(unsigned kinds)
{
    if (kinds & WORD_IMAGES)
        return "_ops_names images";
    if (kinds & WORD_INSTANCES)
        return "_ops_names instances";
    if (kinds & WORD_VOLUMES)
        return "_ops_names volumes";
    if (kinds & WORD_PACKAGES)
        return "_ops_names packages";
    if (kinds & WORD_KEYS)
        return "_ops_names keys";
    if (kinds & WORD_COMMANDS)
        return "_ops_names commands";
    if (kinds & WORD_SHELLS)
        return "(bash zsh fish)";
    if (kinds & WORD_DIRS)
        return "_files -/";
    return kinds & WORD_FILES ? "_files" : "";
}

/* '*'{-c+,--config=}'[about]:FILE:_files' */
static void option_put(const struct option_spec *spec, void *context)
{
    FILE *out = context;

    fputs(" \\\n        ", out);
    if (spec->letter) {
        fprintf(out, "'*'{-%c%s,--%s%s}'[", spec->letter, spec->value ? "+" : "", spec->name,
                spec->value ? "=" : "");
    } else {
        fprintf(out, "'*--%s%s[", spec->name, spec->value ? "=" : "");
    }
    text_put(spec->about, "[]:\\", out);
    fputc(']', out);
    if (spec->value) {
        fputc(':', out);
        text_put(spec->value, "[]:\\", out);
        fprintf(out, ":%s", action_of(words_of_option(spec)));
    }
    fputc('\'', out);
}

static void function_put(const struct cmd *cmd, const struct cmd *group, void *context)
{
    FILE *out = context;

    if (!cmd->run)
        return;
    fprintf(out, "_ops_%s%s%s()\n{\n    _arguments -s -S", group ? group->name : "",
            group ? "_" : "", cmd->name);
    options_each(cmd, option_put, out);
    fprintf(out, " \\\n        '*:word:%s'\n}\n", action_of(words_of(cmd, group)));
}

/* A function that offers the commands of a list, or calls the one that was given. */
static void choice_put(const char *name, const struct cmd *const *cmds, FILE *out)
{
    fprintf(out, "%s()\n{\n    local -a commands=(\n", name);
    for (const struct cmd *const *cmd = cmds; *cmd; cmd++) {
        fprintf(out, "        '%s:", (*cmd)->name);
        text_put((*cmd)->about, ":\\", out);
        fputs("'\n", out);
    }
    fprintf(out,
            "    )\n"
            "    if ((CURRENT == 2)); then\n"
            "        _describe command commands\n"
            "    elif (($+functions[%s_$words[2]])); then\n"
            "        shift words\n"
            "        ((CURRENT--))\n"
            "        %s_$words[1]\n"
            "    fi\n"
            "}\n",
            name, name);
}

static void group_put(const struct cmd *cmd, const struct cmd *group, void *context)
{
    FILE *out = context;
    char name[64];

    (void)group;
    if (!cmd->cmds)
        return;
    snprintf(name, sizeof(name), "_ops_%s", cmd->name);
    choice_put(name, cmd->cmds, out);
}

void completion_zsh(FILE *out)
{
    fputs("#compdef ops\n"
          "# Completion for zsh, made by `ops completion zsh`.\n"
          "_ops_names()\n{\n"
          "    compadd \"${@[1,-2]}\" -- ${(f)\"$(ops completion --names ${@[-1]} "
          "2>/dev/null)\"}\n}\n",
          out);
    cmd_each(function_put, out);
    cmd_each(group_put, out);
    choice_put("_ops", cmd_list, out);
    fputs("if [[ $funcstack[1] == _ops ]]; then\n    _ops \"$@\"\nelse\n    compdef _ops ops\nfi\n",
          out);
}
