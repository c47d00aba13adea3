/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/apt.h"

#include "host/child.h"
#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/state/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OUTPUT_MAX = 8 << 20,
};

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

/* From how apt-get ended and what it wrote to how we do. */
static int status_of(int status, const char *output, struct err *err)
{
    char *complaint;

    if (status == 0)
        return 0;
    if (status == CHILD_NOT_THERE)
        return err_set(err, "cannot run apt-get: from-deb needs Debian's or Ubuntu's apt");
    if (status < 0)
        return err_set_errno(err, "cannot run apt-get");
    if (status > CHILD_KILLED)
        return err_set(err, "apt-get was killed by signal %d", status - CHILD_KILLED);
    complaint = complaint_of(output);
    err_set(err, "apt-get: %.300s\nhint: `apt-get update` as root renews what apt knows",
            complaint);
    free(complaint);
    return -1;
}

/* Runs apt-get and sets `*output` to what it wrote, to be freed, unless NULL. */
static int apt_run(const struct strings *argv, const char *dir, char **output, struct err *err)
{
    struct child_spec spec = { .argv = argv->items, .dir = dir, .output_max = OUTPUT_MAX };
    char *text;
    int status = child_run(&spec, &text);

    status = status_of(status, text, err);
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
