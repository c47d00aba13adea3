/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/doctor/tool.h"

#include "host/xmem.h"

#include <ctype.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LINE_SIZE_MAX = 512,
};

/* Where a user's PATH often does not lead. */
static const char admin_path[] = "/usr/local/sbin:/usr/sbin:/sbin";

static char *find_in(const char *folders, const char *name)
{
    while (folders && *folders != '\0') {
        size_t len = strcspn(folders, ":");
        char *path = xasprintf("%.*s/%s", (int)len, folders, name);

        if (len > 0 && access(path, X_OK) == 0)
            return path;
        free(path);
        folders += len;
        folders += *folders == ':';
    }
    return NULL;
}

char *tool_find(const char *name)
{
    char *path = find_in(getenv("PATH"), name);

    return path ? path : find_in(admin_path, name);
}

/* Starts it with its output into `fd`. */
static bool start(pid_t *pid, const char *path, const char *argument, int fd)
{
    char *argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)argument, NULL };
    posix_spawn_file_actions_t actions;
    bool good;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    good = posix_spawn(pid, path, &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return good;
}

char *tool_line(const char *path, const char *argument)
{
    char text[LINE_SIZE_MAX + 1];
    size_t len = 0;
    ssize_t count;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    if (!start(&pid, path, argument, ends[1])) {
        close(ends[0]);
        close(ends[1]);
        return NULL;
    }
    close(ends[1]);
    while (len < LINE_SIZE_MAX && (count = read(ends[0], text + len, LINE_SIZE_MAX - len)) > 0)
        len += (size_t)count;
    close(ends[0]);
    (void)waitpid(pid, NULL, 0);
    text[len] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return *text != '\0' ? xstrdup(text) : NULL;
}

char *tool_version(const char *line)
{
    for (const char *at = line; *at != '\0'; at++) {
        bool starts = at == line || at[-1] == ' ' || at[-1] == 'v';
        size_t len = strspn(at, "0123456789.");

        if (starts && isdigit((unsigned char)*at) && memchr(at, '.', len))
            return xstrndup(at, len);
    }
    return NULL;
}
