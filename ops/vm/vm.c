/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/vm.h"

#include "host/clock.h"
#include "host/err.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STOP_PATIENCE_S = 3, /* From asking QEMU to end to killing it. */
    EXIT_CANNOT_START = 127,
    WAIT_MS_MAX = 60 * 60 * 1000, /* A look at the clock from time to time does no harm. */
    PIPE_CHUNK_SIZE = 16 * 1024,
    PIPE_CHUNKS_MAX = 64, /* More than a pipe holds. */
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

int vm_pipe_open(struct vm_pipe *pipe, struct err *err)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set_errno(err, "cannot make a pipe");
    *pipe = (struct vm_pipe){ .read_fd = fds[0], .write_fd = fds[1] };
    (void)fcntl(pipe->read_fd, F_SETFL, O_NONBLOCK);
    snprintf(pipe->path, sizeof(pipe->path), "/dev/fd/%d", pipe->write_fd);
    return 0;
}

void vm_pipe_close(struct vm_pipe *pipe)
{
    if (pipe->read_fd > 0)
        close(pipe->read_fd);
    if (pipe->write_fd > 0)
        close(pipe->write_fd);
    *pipe = (struct vm_pipe){ .read_fd = 0 };
}

/* In the child: becomes the command, or says why not by its exit status. */
static void child_run(const struct vm_spec *spec, pid_t parent)
{
    sigset_t none;
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log_fd = spec->log ? open(spec->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* It ended before it could be tied to us. */
        _exit(EXIT_CANNOT_START);
    if (null_fd >= 0)
        dup2(null_fd, STDIN_FILENO);
    if (log_fd >= 0)
        dup2(log_fd, STDERR_FILENO);
    (void)close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    if (spec->pipe)
        (void)fcntl(spec->pipe->write_fd, F_SETFD, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(spec->command->items[0], spec->command->items);
    _exit(EXIT_CANNOT_START);
}

/*
 * Hands on what is in the pipe by now, but does not keep up for ever with a guest that floods it.
 */
static void pipe_drain(const struct vm_spec *spec)
{
    char bytes[PIPE_CHUNK_SIZE];
    ssize_t got = 1;

    for (int i = 0; spec->pipe && got > 0 && i < PIPE_CHUNKS_MAX; i++) {
        got = read(spec->pipe->read_fd, bytes, sizeof(bytes));
        if (got > 0)
            spec->fn(spec->context, bytes, (size_t)got);
    }
}

/* The next signal of those that are held, or 0: none came, but bytes or the time may have. */
static int signal_wait(int signal_fd, const struct vm_spec *spec, int timeout_ms)
{
    struct pollfd fds[2] = { { .fd = signal_fd, .events = POLLIN },
                             { .fd = spec->pipe ? spec->pipe->read_fd : -1, .events = POLLIN } };
    struct signalfd_siginfo info;

    if (poll(fds, 2, timeout_ms) <= 0)
        return 0;
    pipe_drain(spec);
    if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
        return 0;
    return (int)info.ssi_signo;
}

/*
 * Waits for the child to end, a signal to stop or a time to come (0: never). Returns true when the
 * child has ended; `*signal` is what came, 0 for anything else.
 */
static bool child_wait(pid_t child, const struct vm_spec *spec, int signal_fd, uint64_t until_ms,
                       int *status, int *signal)
{
    for (;;) {
        uint64_t now = now_ms();
        uint64_t left = until_ms > now ? until_ms - now : 0;
        int timeout_ms = left > WAIT_MS_MAX || until_ms == 0 ? WAIT_MS_MAX : (int)left;

        *signal = 0;
        if (waitpid(child, status, WNOHANG) == child)
            return true;
        if (until_ms != 0 && left == 0)
            return false;
        *signal = signal_wait(signal_fd, spec, timeout_ms);
        if (*signal != 0 && *signal != SIGCHLD)
            return false;
    }
}

/* Asks the child to end, and does not take no for an answer. */
static void child_stop(pid_t child, const struct vm_spec *spec, int signal_fd, int *status)
{
    uint64_t until_ms = now_ms() + (uint64_t)STOP_PATIENCE_S * 1000;
    int signal;

    kill(child, SIGTERM);
    if (child_wait(child, spec, signal_fd, until_ms, status, &signal))
        return;
    kill(child, SIGKILL);
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        ;
}

static int signals_open(void)
{
    sigset_t set;

    stop_signals(&set);
    sigaddset(&set, SIGCHLD);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int vm_run(struct vm_end *end, const struct vm_spec *spec, struct err *err)
{
    uint64_t until_ms = spec->timeout_s == 0 ? 0 : now_ms() + spec->timeout_s * 1000;
    pid_t parent = getpid();
    int signal_fd = signals_open();
    pid_t child;
    int status = 0;

    *end = (struct vm_end){ .stopped_by = 0 };
    if (signal_fd < 0)
        return err_set_errno(err, "cannot wait for signals");
    fflush(NULL);
    child = fork();
    if (child < 0) {
        close(signal_fd);
        return err_set_errno(err, "cannot start a process");
    }
    if (child == 0)
        child_run(spec, parent);

    if (!child_wait(child, spec, signal_fd, until_ms, &status, &end->stopped_by)) {
        end->timed_out = end->stopped_by == 0;
        child_stop(child, spec, signal_fd, &status);
    }
    pipe_drain(spec);
    close(signal_fd);
    end->qemu_exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}
