/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/vm.h"

#include "host/err.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    STOP_PATIENCE_S = 3, /* From asking QEMU to end to killing it. */
    EXIT_CANNOT_START = 127,
};

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

void vm_signals_hold(void)
{
    sigset_t set;

    stop_signals(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

bool vm_signals_stop(int *signal)
{
    static const struct timespec now;
    sigset_t set;
    int got;

    stop_signals(&set);
    got = sigtimedwait(&set, NULL, &now);
    *signal = got > 0 ? got : 0;
    return got > 0;
}

/* In the child: becomes the command, or says why not by its exit status. */
static void child_run(const struct strings *command, const char *log, pid_t parent)
{
    sigset_t none;
    int null_fd = open("/dev/null", O_RDONLY);
    int log_fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* It ended before it could be tied to us. */
        _exit(EXIT_CANNOT_START);
    if (null_fd >= 0)
        dup2(null_fd, STDIN_FILENO);
    if (log_fd >= 0)
        dup2(log_fd, STDERR_FILENO);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(command->items[0], command->items);
    _exit(EXIT_CANNOT_START);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * Waits for the child to end, a signal to stop or a time to come (0: never). Returns true when the
 * child has ended; `*signal` is what came, 0 for
 * anything else.
 */
static bool child_wait(pid_t child, uint64_t until_ms, int *status, int *signal)
{
    sigset_t set;

    stop_signals(&set);
    sigaddset(&set, SIGCHLD);
    for (;;) {
        uint64_t now = now_ms();
        uint64_t left = until_ms > now ? until_ms - now : 0;
        struct timespec timeout = { .tv_sec = (time_t)(left / 1000),
                                    .tv_nsec = (long)(left % 1000) * 1000000 };

        *signal = 0;
        if (waitpid(child, status, WNOHANG) == child)
            return true;
        if (until_ms != 0 && left == 0)
            return false;
        *signal = sigtimedwait(&set, NULL, until_ms != 0 ? &timeout : NULL);
        if (*signal > 0 && *signal != SIGCHLD)
            return false;
    }
}

/* Asks the child to end, and does not take no for an answer. */
static void child_stop(pid_t child, int *status)
{
    int signal;

    kill(child, SIGTERM);
    if (child_wait(child, now_ms() + (uint64_t)STOP_PATIENCE_S * 1000, status, &signal))
        return;
    kill(child, SIGKILL);
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        ;
}

int vm_run(struct vm_end *end, const struct strings *command, const char *log, uint64_t timeout_s,
           struct err *err)
{
    uint64_t until_ms = timeout_s == 0 ? 0 : now_ms() + timeout_s * 1000;
    pid_t parent = getpid();
    pid_t child;
    int status = 0;

    *end = (struct vm_end){ .stopped_by = 0 };
    fflush(NULL);
    child = fork();
    if (child < 0)
        return err_set_errno(err, "cannot start a process");
    if (child == 0)
        child_run(command, log, parent);

    if (!child_wait(child, until_ms, &status, &end->stopped_by)) {
        end->timed_out = end->stopped_by == 0;
        child_stop(child, &status);
    }
    end->qemu_exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}

static int port_check(uint16_t port, struct err *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    int status = 0;

    if (fd < 0)
        return err_set_errno(err, "cannot make a socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == EADDRINUSE) {
            status = err_set(err,
                             "port %u of this machine is in use\nhint: give another one, as in "
                             "-p %u:%u",
                             port, port < 65535 ? port + 1u : 1024u, port);
        } else {
            status = err_set_errno(err, "cannot use port %u of this machine", port);
        }
    }
    close(fd);
    return status;
}

int vm_ports_check(const struct settings *settings, struct err *err)
{
    for (size_t i = 0; i < settings->ports.count; i++) {
        if (port_check(settings->ports.items[i].host, err) < 0)
            return -1;
    }
    return 0;
}
