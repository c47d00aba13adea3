/* SPDX-License-Identifier: Apache-2.0 */
#include "host/child.h"

#include "host/xmem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child does. Its output goes to `fd`. */
static void command_exec(const struct child_spec *spec, int fd)
{
    int null = open("/dev/null", O_RDWR);

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (dup2(null, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
        dup2(spec->mutes_stderr ? null : fd, STDERR_FILENO) < 0 ||
        (spec->dir && chdir(spec->dir) < 0))
        _exit(CHILD_NOT_THERE);
    (void)setenv("LC_ALL", "C", 1);
    (void)execvp(spec->argv[0], spec->argv);
    _exit(CHILD_NOT_THERE);
}

/* To the end, so that the child is never held up. */
static void output_read(int fd, char *output, size_t output_max)
{
    size_t len = 0;
    ssize_t size = 1;

    while (size > 0 || (size < 0 && errno == EINTR)) {
        char rest[4096];
        bool is_full = len == output_max;

        size = is_full ? read(fd, rest, sizeof(rest)) : read(fd, output + len, output_max - len);
        if (size > 0 && !is_full)
            len += (size_t)size;
    }
}

static int child_wait(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_KILLED + WTERMSIG(status);
}

int child_run(const struct child_spec *spec, char **output)
{
    int ends[2];
    pid_t child;

    *output = xcalloc(spec->output_max + 1, 1);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    child = fork();
    if (child == 0)
        command_exec(spec, ends[1]);
    close(ends[1]);
    if (child > 0)
        output_read(ends[0], *output, spec->output_max);
    close(ends[0]);
    return child < 0 ? -1 : child_wait(child);
}
