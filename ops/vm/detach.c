/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that outlives ops, and how another ops finds it again.
 *
 * Whether it lives is what a lock says that its process holds through an inherited descriptor: the
 * kernel drops it when the process is gone, whatever ended it, a reboot of this computer included.
 * It is a lock of the open file (fcntl(2), "Open file description locks"), which survives exec, and
 * which others can ask for without taking it. The process number in the file is only looked at
 * while the lock is held, and compared with the time the process started.
 */
#include "ops/vm/vm.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <unistd.h>

enum {
    PROCESS_TEXT_MAX = 64,
    STAT_SIZE_MAX = 4096,
    STAT_START_FIELD = 22, /* proc(5): starttime, arg_start, arg_end. */
    STAT_ARGS_FIELD = 48,
    STAT_ARGS_END_FIELD = 49,
};

int vm_alive_lock(const char *path, struct err *err)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_set_errno(err, "cannot open '%s'", path);
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        err_set_errno(err, "cannot lock '%s'", path);
        close(fd);
        return -1;
    }
    return fd;
}

/* A number of /proc/PID/stat, 0: there is none. */
static uint64_t process_stat(pid_t pid, int wanted)
{
    char *path = xasprintf("/proc/%ld/stat", (long)pid);
    char *text = file_read_text(path, STAT_SIZE_MAX);
    char *rest = text ? strrchr(text, ')') : NULL; /* The name may hold anything. */
    uint64_t number = 0;

    for (int field = 2; rest && field < wanted; field++)
        rest = strchr(rest + 1, ' ');
    if (rest)
        number = strtoull(rest + 1, NULL, 10);
    free(text);
    free(path);
    return number;
}

/* When a process started, 0: there is none. */
static uint64_t process_start(pid_t pid)
{
    return process_stat(pid, STAT_START_FIELD);
}

static void process_write(int fd)
{
    char text[PROCESS_TEXT_MAX];
    pid_t pid = getpid();
    int len = snprintf(text, sizeof(text), "%ld %" PRIu64 "\n", (long)pid, process_start(pid));

    (void)ftruncate(fd, 0);
    (void)file_write_at(fd, text, (size_t)len, 0);
}

static void process_read(int fd, struct vm_process *process)
{
    char text[PROCESS_TEXT_MAX] = "";
    char *rest;
    ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

    *process = (struct vm_process){ .pid = 0 };
    if (len <= 0)
        return;
    process->pid = (pid_t)strtol(text, &rest, 10);
    process->start = strtoull(rest, NULL, 10);
    if (process->pid <= 1 || process->start == 0 || process_start(process->pid) != process->start)
        *process = (struct vm_process){ .pid = 0 };
}

bool vm_is_alive(const char *path, struct vm_process *process)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    bool is_alive;

    *process = (struct vm_process){ .pid = 0 };
    if (fd < 0)
        return false;
    is_alive = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (is_alive)
        process_read(fd, process);
    close(fd);
    return is_alive;
}

void vm_kill(const struct vm_process *process, int signal)
{
    int fd;

    if (process->pid <= 1)
        return;
    fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (process_start(process->pid) == process->start) {
        if (fd >= 0) {
            (void)syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
        } else { /* None to be had: the gap between look and signal is small enough. */
            (void)kill(process->pid, signal);
        }
    }
    if (fd >= 0)
        close(fd);
}

static void stdio_set(const char *log)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (null_fd >= 0) {
        dup2(null_fd, STDIN_FILENO);
        dup2(null_fd, STDOUT_FILENO);
    }
    if (log_fd >= 0 || null_fd >= 0)
        dup2(log_fd >= 0 ? log_fd : null_fd, STDERR_FILENO);
}

/* Ends of a session and of a computer: the command hears of them as well, and has last words. */
static const int signals_ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };

/* Signals as a program finds them that nobody started from a shell. */
static void signals_reset(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Has a list of processes show `title` in the place of the words ops was called with, which are
 * those of a command that has long ended, and none of which is to be seen so long.
 */
static void title_set(const char *title)
{
    uint64_t start = process_stat(getpid(), STAT_ARGS_FIELD);
    uint64_t end = process_stat(getpid(), STAT_ARGS_END_FIELD);

    (void)prctl(PR_SET_NAME, "ops-keeper");
    if (start == 0 || end <= start || start != (uintptr_t)program_invocation_name)
        return;
    memset(program_invocation_name, 0, end - start);
    snprintf(program_invocation_name, end - start, "%s", title);
}

static int fd_compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/*
 * Closes all descriptors but stdio and `count` others, or has exec close them: for where
 * close_range(2) is refused, by an old kernel or a filter of system calls.
 */
static void others_close_slowly(const int *fds, size_t count, bool waits_for_exec)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10); /* 0 of what is no number. */

        if (fd <= STDERR_FILENO || fd == dirfd(dir) ||
            (count > 0 && bsearch(&fd, fds, count, sizeof(fd), fd_compare)))
            continue;
        if (waits_for_exec) {
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        } else {
            close(fd);
        }
    }
    if (dir)
        closedir(dir);
}

/* Closes all but stdio and `count` descriptors, which it sorts. */
static void others_close(int *fds, size_t count)
{
    unsigned next = STDERR_FILENO + 1;

    qsort(fds, count, sizeof(*fds), fd_compare);
    for (size_t i = 0; i < count; i++) {
        if ((unsigned)fds[i] > next)
            (void)close_range(next, (unsigned)fds[i] - 1, 0);
        next = (unsigned)fds[i] + 1;
    }
    if (close_range(next, UINT_MAX, 0) < 0)
        others_close_slowly(fds, count, false);
}

/* What a grandchild does: keeps what the command writes, with as little of ops as it can. */
static void keeper_become(const struct vm_keeper *keeper, const char *folder, const char *log,
                          int alive_fd)
{
    int fds[VM_KEEPER_PIPES + 1] = { alive_fd };
    size_t count = 1;

    for (size_t i = 0; i < keeper->pipe_count; i++) {
        if (keeper->pipes[i].read_fd > 0)
            fds[count++] = keeper->pipes[i].read_fd;
    }
    others_close(fds, count);
    (void)umask(077);
    if (chdir(folder) < 0)
        _exit(1);
    stdio_set(log);
    signals_reset();
    for (size_t i = 0; i < sizeof(signals_ignored) / sizeof(signals_ignored[0]); i++)
        (void)signal(signals_ignored[i], SIG_IGN);
    title_set(keeper->title);
    (void)malloc_trim(0);
    keeper->fn(keeper->context);
    _exit(0);
}

/* Tells vm_detach(), which waits at the other end, why there is no command. */
static void cause_report(int report_fd)
{
    int cause = errno;

    (void)!write(report_fd, &cause, sizeof(cause));
}

/*
 * What a grandchild does: becomes the command, with no descriptor but those it is to have: what our
 * caller left open, a lock or the end of a pipe, would stay so as long as the machine runs.
 */
static void command_become(const struct strings *command, const char *folder, const char *log,
                           int alive_fd, const struct vm_keeper *keeper, int report_fd)
{
    umask(077);
    if (chdir(folder) == 0) {
        stdio_set(log);
        signals_reset();
        process_write(alive_fd);
        if (close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
            others_close_slowly(NULL, 0, true);
        (void)fcntl(alive_fd, F_SETFD, 0);
        for (size_t i = 0; keeper && i < keeper->pipe_count; i++) {
            if (keeper->pipes[i].write_fd > 0)
                (void)fcntl(keeper->pipes[i].write_fd, F_SETFD, 0);
        }
        execv(command->items[0], command->items);
    }
    cause_report(report_fd);
    _exit(1);
}

/*
 * The child: a session of its own, and then processes that do not lead it: no terminal, ever. The
 * keeper first: it is there before there is anything to keep.
 */
static void session_start(const struct strings *command, const char *folder, const char *log,
                          int alive_fd, const struct vm_keeper *keeper, int report_fd)
{
    pid_t child = 1;

    (void)setsid();
    if (keeper) {
        child = fork();
        if (child == 0)
            keeper_become(keeper, folder, log, alive_fd);
    }
    if (child > 0) {
        child = fork();
        if (child == 0)
            command_become(command, folder, log, alive_fd, keeper, report_fd);
    }
    if (child < 0)
        cause_report(report_fd);
    _exit(0);
}

int vm_detach(const struct strings *command, const char *folder, const char *log, int alive_fd,
              const struct vm_keeper *keeper, struct err *err)
{
    int fds[2];
    int cause = 0;
    ssize_t got;
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set_errno(err, "cannot make a pipe");
    fflush(NULL);
    child = fork();
    if (child == 0)
        session_start(command, folder, log, alive_fd, keeper, fds[1]);
    close(fds[1]);
    if (child > 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    do {
        got = read(fds[0], &cause, sizeof(cause)); /* Ends when exec closes the other side. */
    } while (got < 0 && errno == EINTR);
    close(fds[0]);
    if (child < 0)
        return err_set_errno(err, "cannot start a process");
    if (got == 0)
        return 0;
    errno = cause;
    return err_set_errno(err, "cannot start '%s'", command->items[0]);
}
