/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/client.h"

#include "host/err.h"
#include "host/strings.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    START_MS_MAX = 60000,  /* For the program to start. */
    QUIET_MS = 500,        /* Then it is taken to be ready. */
    NOTICES_MAX = 60,      /* Of QUIET_MS at most each: a program that is never quiet. */
    COMMAND_MISSING = 127, /* As a shell says it. */
    NOT_ENDED = 255,
};

void client_init(struct client *client, const struct strings *command)
{
    *client = (struct client){ .command = command, .notice_fd = -1, .status = -1 };
}

bool client_is_wanted(const struct client *client)
{
    return client->command->count > 0;
}

/* Waits for a notice. Returns 1 when there is one, 0 after `ms`, -1 when ops is gone. */
static int notice_wait(int fd, int ms)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    char bytes[4096];
    int ready = poll(&wait, 1, ms);

    if (ready <= 0)
        return 0;
    return read(fd, bytes, sizeof(bytes)) > 0 ? 1 : -1;
}

static void quiet_wait(int fd)
{
    for (int i = 0; i < NOTICES_MAX && notice_wait(fd, QUIET_MS) > 0; i++) {
    }
}

/* Runs the command; what it prints goes to stderr: stdout is for ops' result. */
static int command_run(char **argv)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(argv[0], argv);
        fprintf(stderr, "ops: cannot run '%s'\n", argv[0]);
        _exit(COMMAND_MISSING);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : COMMAND_MISSING;
}

/* The child. */
static void child_run(const struct client *client, int fd, pid_t ops)
{
    sigset_t none;
    int status;

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != ops || notice_wait(fd, START_MS_MAX) <= 0)
        _exit(NOT_ENDED);
    quiet_wait(fd);
    status = command_run(client->command->items);
    quiet_wait(fd);
    (void)signal(SIGTERM, SIG_IGN); /* By which ops ends us in turn. */
    (void)kill(ops, SIGTERM);
    _exit(status == NOT_ENDED ? 1 : status);
}

int client_start(struct client *client, struct err *err)
{
    pid_t ops = getpid();
    int ends[2];

    if (!client_is_wanted(client))
        return 0;
    /* Not a pipe: the client may be gone when a notice comes, and that must not end ops. */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return err_set_errno(err, "cannot make a pair of sockets");
    (void)fflush(NULL);
    client->pid = fork();
    if (client->pid == 0) {
        close(ends[1]);
        child_run(client, ends[0], ops);
    }
    close(ends[0]);
    client->notice_fd = ends[1];
    return client->pid < 0 ? err_set_errno(err, "cannot start a process") : 0;
}

void client_notice(struct client *client)
{
    if (client->notice_fd >= 0)
        (void)send(client->notice_fd, "", 1, MSG_NOSIGNAL);
}

int client_end(struct client *client)
{
    int status = 0;

    if (client->pid <= 0)
        return client->status;
    /* It has ended, or told us to: a moment ago at the most. */
    (void)kill(client->pid, SIGTERM);
    while (waitpid(client->pid, &status, 0) < 0 && errno == EINTR) {
    }
    client->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) != NOT_ENDED)
        client->status = WEXITSTATUS(status);
    return client->status;
}

void client_fini(struct client *client)
{
    (void)client_end(client);
    if (client->notice_fd >= 0)
        close(client->notice_fd);
    client->notice_fd = -1;
}
