/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/apt.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OUTPUT_MAX = 8 << 20,
    NOT_THERE = 127,
};

/* What the child does. Its output goes to `fd`. */
static void child_run(char **argv, const char *dir, int fd)
{
    int null = open("/dev/null", O_RDONLY);

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (dup2(null, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || (dir && chdir(dir) < 0))
        _exit(NOT_THERE);
    (void)setenv("LC_ALL", "C", 1);
    (void)execvp(argv[0], argv);
    _exit(NOT_THERE);
}

/* The line in which apt says what went wrong, to be freed. */
static char *complaint_of(const char *output)
{
    const char *line = output;

    while (line && *line) {
        size_t len = strcspn(line, "\n");

        if (strncmp(line, "E: ", 3) == 0)
            return xstrndup(line + 3, len - 3);
        line += len;
        line += *line == '\n';
    }
    return xstrdup("it did not say why");
}

/* Waits for the child; `output` is what it wrote. */
static int child_end(pid_t child, const char *output, struct err *err)
{
    char *complaint;
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return err_set_errno(err, "cannot wait for apt-get");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE)
        return err_set(err, "cannot run apt-get: from-deb needs Debian's or Ubuntu's apt");
    complaint = complaint_of(output);
    err_set(err, "apt-get: %.300s\nhint: `apt-get update` as root renews what apt knows",
            complaint);
    free(complaint);
    return -1;
}

static char *pipe_read(int fd)
{
    char *text = xcalloc(OUTPUT_MAX + 1, 1);
    size_t len = 0;
    ssize_t size = 1;

    while (size > 0 || (size < 0 && errno == EINTR)) {
        char rest[4096];
        bool is_full = len == OUTPUT_MAX;

        size = is_full ? read(fd, rest, sizeof(rest)) : read(fd, text + len, OUTPUT_MAX - len);
        if (size > 0 && !is_full)
            len += (size_t)size;
    }
    return text;
}

/* Runs apt-get and sets `*output` to what it wrote, to be freed, unless NULL. */
static int apt_run(const struct strings *argv, const char *dir, char **output, struct err *err)
{
    int ends[2];
    pid_t child;
    char *text;
    int status;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set_errno(err, "cannot run apt-get");
    child = fork();
    if (child == 0)
        child_run(argv->items, dir, ends[1]);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return err_set_errno(err, "cannot run apt-get");
    }
    text = pipe_read(ends[0]);
    close(ends[0]);
    status = child_end(child, text, err);
    if (output && status == 0) {
        *output = text;
    } else {
        free(text);
    }
    return status;
}

static void argv_start(struct strings *argv)
{
    static const char *const words[] = {
        "apt-get",
        "-q",
        "-y",
        "-o",
        "Debug::NoLocking=1",
        "-o",
        "APT::Sandbox::User=root",
        "-o",
        "APT::Architecture=amd64",
        "-o",
        "APT::Install-Recommends=0",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        strings_add(argv, words[i]);
}

/* "Inst nginx (1.22.1-9 Debian:12.5/stable [amd64])"; those from files say "local-deb". */
static void line_parse(struct strings *packages, const char *line, size_t len)
{
    char *copy = xstrndup(line, len);
    char *save = NULL;
    const char *verb = strtok_r(copy, " ", &save);
    const char *name = strtok_r(NULL, " ", &save);
    const char *version = strtok_r(NULL, " ", &save);
    const char *origin = strtok_r(NULL, " ", &save);

    if (verb && strcmp(verb, "Inst") == 0 && origin && version[0] == '(' &&
        !strstr(origin, "local-deb"))
        strings_addf(packages, "%s=%s", name, version + 1);
    free(copy);
}

int apt_closure(struct strings *packages, const struct strings *words, struct err *err)
{
    struct strings argv = { 0 };
    char *empty = state_tmp("status", err);
    char *output = NULL;
    int fd = empty ? open(empty, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    int status = empty ? 0 : -1;

    if (empty && fd < 0)
        status = err_set_errno(err, "cannot make '%s'", empty);
    if (status == 0) {
        close(fd);
        argv_start(&argv);
        strings_add(&argv, "-o");
        strings_addf(&argv, "Dir::State::status=%s", empty);
        strings_add(&argv, "-s");
        strings_add(&argv, "install");
        strings_add(&argv, "--");
        strings_add_all(&argv, words);
        status = apt_run(&argv, NULL, &output, err);
    }
    for (const char *line = output; line && *line;) {
        size_t len = strcspn(line, "\n");

        line_parse(packages, line, len);
        line += len;
        line += *line == '\n';
    }
    strings_fini(&argv);
    free(output);
    free(empty);
    return status;
}

int apt_download(const struct strings *packages, const char *dir, struct err *err)
{
    struct strings argv = { 0 };
    int status;

    argv_start(&argv);
    strings_add(&argv, "download");
    strings_add(&argv, "--");
    strings_add_all(&argv, packages);
    status = apt_run(&argv, dir, NULL, err);
    strings_fini(&argv);
    return status;
}
