/* SPDX-License-Identifier: Apache-2.0 */
/* ops, the command line tool: finds the command, runs it, prints why it failed. */
#include "host/err.h"
#include "ops/cli/cmd.h"
#include "ops/cli/ui.h"
#include "ops/provider/provider.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum exit_code {
    EXIT_FAILED = 1, /* The command ran and could not do it. */
    EXIT_USAGE = 2,  /* The command line made no sense; nothing was touched. */
};

enum {
    PATH_SIZE_MAX = 64, /* "instance list" and the like. */
};

/* A command as it was called. */
struct call {
    const struct cmd *cmd;   /* NULL: there is none of that name. */
    const struct cmd *group; /* NULL: none. */
    char path[PATH_SIZE_MAX];
    int argc;
    char **argv;
};

static const char *alias(const char *word)
{
    if (strcmp(word, "--version") == 0)
        return "version";
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ? "help" : word;
}

/* Goes down the groups as far as words name something. */
static void call_find(struct call *call, int argc, char **argv)
{
    const struct cmd *const *cmds = cmd_list;

    *call = (struct call){ .argc = argc - 1, .argv = argv + 1 };
    while (call->argc > 0) {
        const struct cmd *cmd = cmd_find(cmds, call->group ? *call->argv : alias(*call->argv));
        size_t len = strlen(call->path);

        if (!cmd)
            return;
        snprintf(call->path + len, sizeof(call->path) - len, "%s%s", len > 0 ? " " : "", cmd->name);
        if (cmd->run) {
            call->cmd = cmd;
            return;
        }
        call->group = cmd;
        cmds = cmd->cmds;
        call->argc--;
        call->argv++;
    }
}

static bool help_wanted(const struct call *call)
{
    for (int i = 0; i < call->argc && strcmp(call->argv[i], "--") != 0; i++) {
        if (strcmp(call->argv[i], "--help") == 0)
            return true;
    }
    return false;
}

/* Commands of OPS that are not here: what to do instead. */
static const struct {
    const char *name;
    const char *instead;
} foreign[] = {
    { "compose", "start each with `ops instance create`; --port and --bridged let them meet" },
    { "cron", "have cron(8) or a timer of systemd call `ops instance start`" },
    { "env", "build the program as for any Linux, and pack it with `ops image create`" },
    { "network", "ip(8) makes bridges and taps, --bridged and --tap use them" },
    { "update", "a new version comes the way this one came" },
};

static const char *instead_of(const char *name)
{
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (strcmp(foreign[i].name, name) == 0)
            return foreign[i].instead;
    }
    return NULL;
}

/* No command: says which there are, and what may have been meant. */
static int call_explain(const struct call *call)
{
    const char *instead;
    const char *nearest;

    if (help_wanted(call)) {
        cmd_overview_print(call->group, stdout);
        return 0;
    }
    if (call->argc == 0) {
        cmd_overview_print(call->group, stderr);
        return EXIT_USAGE;
    }
    instead = call->group ? NULL : instead_of(*call->argv);
    nearest = cmd_suggest(call->group ? call->group->cmds : cmd_list, *call->argv);
    fprintf(stderr, "ops: unknown command '%s%s%s'\n", call->path, call->group ? " " : "",
            *call->argv);
    if (instead) {
        fprintf(stderr, "hint: %s\n", instead);
    } else if (nearest) {
        fprintf(stderr, "hint: did you mean 'ops %s%s%s'?\n", call->path, call->group ? " " : "",
                nearest);
    } else {
        fprintf(stderr, "hint: `ops help%s%s` lists them\n", call->group ? " " : "", call->path);
    }
    return EXIT_USAGE;
}

static void err_print(const struct call *call, int status, const struct err *err)
{
    ui_error(err);
    if (status == CMD_USAGE && !strstr(err->text, "\nhint: "))
        fprintf(stderr, "hint: `ops help %s` says what it takes\n", call->path);
}

/* No file or pipe of ours is to be taken for one of these, which our caller may have closed. */
static void stdio_fill(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) /* In the wrong direction: to use it fails, as it did. */
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

/* What an ops before this one was killed at. */
static void interrupted_mend(void)
{
    for (const struct provider *const *provider = provider_list; *provider; provider++) {
        if ((*provider)->instance_mend)
            (*provider)->instance_mend();
    }
}

int main(int argc, char **argv)
{
    struct call call;
    struct err err = { 0 };
    int status;

    stdio_fill();
    call_find(&call, argc, argv);
    if (!call.cmd)
        return call_explain(&call);
    if (help_wanted(&call)) {
        cmd_help_print(call.cmd, call.path, stdout);
        return 0;
    }
    interrupted_mend();
    status = call.cmd->run(call.cmd, call.argc, call.argv, &err);
    if (status < 0) {
        err_print(&call, status, &err);
        return status == CMD_USAGE ? EXIT_USAGE : EXIT_FAILED;
    }
    if (fflush(stdout) != 0) {
        fprintf(stderr, "ops: cannot write the result\n");
        return EXIT_FAILED;
    }
    return status;
}
