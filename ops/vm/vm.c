/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/vm.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    STOP_PATIENCE_S = 3, /* From asking QEMU to end to killing it. */
    EXIT_CANNOT_START = 127,
};

static const char lock_name[] = "lock";

char *vm_home(void)
{
    const char *home = getenv("OPS_HOME");

    if (home && *home != '\0')
        return xstrdup(home);
    home = getenv("HOME");
    return xasprintf("%s/.ops", home && *home != '\0' ? home : "/tmp");
}

/* Locks the folder, as a sign that its ops lives. Returns the lock, or -1: it is not to be had. */
static int dir_lock(const char *path, int flags)
{
    char *file = xasprintf("%s/%s", path, lock_name);
    int fd = open(file, O_RDWR | O_CLOEXEC | flags, 0600);

    free(file);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Removes what an ops that was killed could not. */
static void stale_remove(const char *runs)
{
    DIR *dir = opendir(runs);
    struct dirent *entry;

    if (!dir)
        return;
    while ((entry = readdir(dir)) != NULL) {
        char *path;
        int fd;

        if (entry->d_name[0] == '.')
            continue;
        path = xasprintf("%s/%s", runs, entry->d_name);
        fd = dir_lock(path, 0);
        if (fd >= 0) {
            dir_remove(path);
            close(fd);
        }
        free(path);
    }
    closedir(dir);
}

/* A fresh folder in `runs`, locked. */
static int dir_make(struct vm_dir *dir, const char *runs, struct err *err)
{
    dir->path = xasprintf("%s/XXXXXX", runs);
    if (!mkdtemp(dir->path)) {
        int status = err_set_errno(err, "cannot make a folder in '%s'", runs);

        free(dir->path);
        dir->path = NULL;
        return status;
    }
    dir->lock_fd = dir_lock(dir->path, O_CREAT);
    return 0;
}

/*
 * One ops at a time makes its folder and removes stale ones: a folder that has just been made is not
 * locked yet, and must not be taken for one whose ops has died.
 */
int vm_dir_open(struct vm_dir *dir, struct err *err)
{
    char *home = vm_home();
    char *runs = xasprintf("%s/run", home);
    char *turn = xasprintf("%s/.turn", runs);
    int status = dir_create(runs, err);
    int fd;

    *dir = (struct vm_dir){ .lock_fd = -1 };
    if (status == 0) {
        fd = open(turn, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || flock(fd, LOCK_EX) < 0) {
            status = err_set_errno(err, "cannot lock '%s'", turn);
        } else {
            stale_remove(runs);
            status = dir_make(dir, runs, err);
        }
        if (fd >= 0)
            close(fd);
    }
    free(turn);
    free(runs);
    free(home);
    return status;
}

void vm_dir_close(struct vm_dir *dir)
{
    if (dir->path)
        dir_remove(dir->path);
    if (dir->lock_fd >= 0)
        close(dir->lock_fd);
    free(dir->path);
    *dir = (struct vm_dir){ .lock_fd = -1 };
}

char *vm_dir_file(const struct vm_dir *dir, const char *name)
{
    return xasprintf("%s/%s", dir->path, name);
}

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
