/* SPDX-License-Identifier: Apache-2.0 */
/* The QEMU of an instance: started, looked at, ended. */
#include "host/clock.h"
#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/provider/local/instance.h"
#include "ops/provider/provider.h"
#include "ops/vm/console.h"
#include "ops/vm/launch.h"
#include "ops/vm/qemu.h"
#include "ops/vm/qmp.h"
#include "ops/vm/report.h"
#include "ops/vm/vm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    AWAIT_MS = 10000, /* A program's first instruction takes longer only on a very slow machine. */
    KILL_MS = 5000,   /* From SIGKILL to the end of the process: the host's work alone. */
    QUIT_MS = 2000,   /* For QEMU to close its disks. */
    POLL_MS = 10,
    SIGNAL_EXIT = 128,
};

static const struct qemu_channels channels_of_instance = {
    .report = "report",
    .qmp = "qmp.sock",
    .control = "control.sock",
    .files = ".",
};

bool instance_is_alive(const struct instance *instance, struct vm_process *process)
{
    char *alive = instance_file(instance, "alive");
    bool is_alive = vm_is_alive(alive, process);

    free(alive);
    return is_alive;
}

/*
 * Takes away what the run before left, but the end of its console, which becomes console.log.1.
 */
static void leftovers_remove(const struct instance *instance)
{
    static const char *const names[] = { "report",   "qemu.log",     "stopping",
                                         "qmp.sock", "control.sock", "console.log.0" };
    char *console = instance_file(instance, "console.log");
    char *kept = instance_file(instance, "console.log.1");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = instance_file(instance, names[i]);

        (void)unlink(path);
        free(path);
    }
    (void)rename(console, kept);
    free(kept);
    free(console);
}

static int process_start(const struct instance *instance, const char *qemu, int alive_fd,
                         struct err *err)
{
    struct qemu_channels channels = channels_of_instance;
    struct console console = { .newer = "console.log",
                               .older = "console.log.0",
                               .size_max = instance->launch.log_mib << 20 };
    struct vm_pipe pipes[] = { { .read_fd = 0 }, { .read_fd = 0 } };
    struct vm_keeper keeper = {
        .fn = console_keep, .context = &console, .pipes = pipes, .pipe_count = 2
    };
    struct strings command = { 0 };
    char *title;
    int status;

    if (vm_pipe_open(&pipes[0], err) < 0)
        return -1;
    console.console_fd = pipes[0].read_fd;
    channels.console = pipes[0].path;
    if (instance->launch.is_watched && vm_pipe_open(&pipes[1], err) == 0) {
        console.report_fd = pipes[1].read_fd;
        console.report = "report";
        channels.report = pipes[1].path;
    }
    title = xasprintf("ops: keeps what instance %s prints", instance->name);
    keeper.title = title;
    qemu_command(&command, qemu, &instance->launch, &channels, qemu_kvm_wanted(&instance->launch));
    status = vm_detach(&command, instance->folder, "qemu.log", alive_fd, &keeper, err);
    strings_fini(&command);
    free(title);
    vm_pipe_close(&pipes[0]);
    vm_pipe_close(&pipes[1]);
    return status;
}

int instance_alive_lock(const struct instance *instance, struct err *err)
{
    char *alive = instance_file(instance, "alive");
    int fd = vm_alive_lock(alive, err);

    free(alive);
    return fd;
}

int instance_spawn(struct instance *instance, int alive_fd, struct err *err)
{
    char *qemu;
    int status;

    if (access(instance->launch.disk, R_OK) < 0)
        return err_set_errno(err, "cannot read image '%s'", instance->launch.disk);
    if (access(instance->launch.kernel, R_OK) < 0)
        return err_set_errno(err, "cannot read kernel '%s'", instance->launch.kernel);
    if (launch_network_check(&instance->launch, err) < 0)
        return -1;
    qemu = qemu_find(err);
    if (!qemu)
        return -1;
    leftovers_remove(instance);
    instance->started_s = time(NULL);
    status = launch_write_overlay(&instance->launch, instance->folder, err);
    if (status == 0)
        status = instance_write(instance, err);
    if (status == 0)
        status = process_start(instance, qemu, alive_fd, err);
    free(qemu);
    return status;
}

void instance_report(const struct instance *instance, struct report *report)
{
    char *path = instance_file(instance, "report");
    char *text = xcalloc(REPORT_SIZE_MAX, 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t size = fd >= 0 ? pread(fd, text, REPORT_SIZE_MAX, 0) : 0;
    struct report tail;

    report_parse(report, text, size > 0 ? (size_t)size : 0);
    if (size == REPORT_SIZE_MAX) { /* A long trace: the end is at its end. */
        off_t end = lseek(fd, 0, SEEK_END);

        size = pread(fd, text, REPORT_SIZE_MAX, end > REPORT_SIZE_MAX ? end - REPORT_SIZE_MAX : 0);
        report_parse(&tail, text, size > 0 ? (size_t)size : 0);
        tail.boot_ns = report->boot_ns;
        if (tail.restarts == 0)
            tail.restarts = report->restarts;
        *report = tail;
    }
    if (fd >= 0)
        close(fd);
    free(text);
    free(path);
}

static bool report_is_end(const struct report *report)
{
    return report->has_exit || report->has_signal;
}

/* Why there is no program, to be freed; NULL if there is, or was. */
static char *failure_of(const struct instance *instance, const struct report *report)
{
    char *log;
    char *line;
    char *reason = NULL;

    if (report->panic[0] != '\0')
        return xasprintf("the kernel panicked: %s", report->panic);
    if (report->error[0] != '\0')
        return xasprintf("the program was not started: %s", report->error);
    if (report_is_end(report))
        return NULL;
    log = instance_file(instance, "qemu.log");
    line = qemu_complaint(log);
    free(log);
    if (line)
        reason = xasprintf("QEMU ended: %s", line);
    free(line);
    return reason;
}

static int64_t changed_s(const struct instance *instance, const char *name)
{
    char *path = instance_file(instance, name);
    struct stat st;
    int64_t seconds = stat(path, &st) == 0 ? st.st_mtim.tv_sec : 0;

    free(path);
    return seconds;
}

/* Somebody was faster than we: there is no more to be said of how it ended. */
static bool is_stopped(const struct instance *instance)
{
    return changed_s(instance, "stopping") > 0 || changed_s(instance, "instance.json") == 0;
}

/* QEMU waits for gdb by the time its monitor answers. */
static bool gdb_is_awaited(const struct instance *instance)
{
    struct err ignored;
    struct qmp qmp;
    bool is_ready = instance->launch.gdb_port > 0 &&
                    qmp_open(&qmp, instance->folder, channels_of_instance.qmp, &ignored) == 0;

    if (is_ready)
        qmp_close(&qmp);
    return is_ready;
}

int instance_await(const struct instance *instance, struct err *err)
{
    uint64_t until_ms = now_ms() + AWAIT_MS;
    struct vm_process process;
    struct report report;
    char *reason;

    for (;;) {
        /* First whether it lives: what it said when it died is then there to be read. */
        bool is_alive = instance_is_alive(instance, &process);

        instance_report(instance, &report);
        if (!is_alive)
            break;
        if (report.boot_ns > 0 || now_ms() >= until_ms || gdb_is_awaited(instance))
            return 0;
        pause_ms(POLL_MS);
    }
    reason = failure_of(instance, &report);
    if (!reason && report_is_end(&report))
        return 0;
    if (!reason && is_stopped(instance)) {
        err_set(err, "it was stopped in the meantime");
    } else {
        err_set(err, "%s%s", reason ? reason : "the machine stopped without a word of why",
                qemu_hint(reason ? reason : ""));
    }
    free(reason);
    return -1;
}

/*
 * Whether the process is gone; another one may be there by then. The first that is seen is taken
 * for `process` when that is all zeros: it had not said yet who it is.
 */
static bool is_gone(const struct instance *instance, struct vm_process *process)
{
    struct vm_process now;

    if (!instance_is_alive(instance, &now))
        return true;
    if (process->pid == 0)
        *process = now;
    return now.pid != 0 && (now.pid != process->pid || now.start != process->start);
}

/* Waits until it is gone; true when it is. */
static bool gone_wait(const struct instance *instance, struct vm_process *process, uint64_t ms)
{
    uint64_t until_ms = now_ms() + ms;

    while (!is_gone(instance, process)) {
        if (now_ms() >= until_ms)
            return false;
        pause_ms(POLL_MS);
    }
    return true;
}

void instance_stop_mark(const struct instance *instance)
{
    char *path = instance_file(instance, "stopping");
    struct vm_process process;
    int fd = -1;

    if (instance_is_alive(instance, &process))
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0)
        close(fd);
    free(path);
}

/* A QEMU that does not listen is ended without asking its program. */
static bool button_press(const struct instance *instance)
{
    struct err ignored;
    struct qmp qmp;
    bool is_pressed;

    if (qmp_open(&qmp, instance->folder, channels_of_instance.qmp, &ignored) < 0)
        return false;
    is_pressed = qmp_execute(&qmp, "system_powerdown", NULL, NULL, &ignored) == 0;
    qmp_close(&qmp);
    return is_pressed;
}

int instance_halt(const struct instance *instance, uint64_t grace_ms, struct err *err)
{
    struct vm_process process;

    if (!instance_is_alive(instance, &process))
        return 0;
    if (grace_ms > 0 && button_press(instance) && gone_wait(instance, &process, grace_ms))
        return 0;
    vm_kill(&process, SIGTERM);
    if (gone_wait(instance, &process, QUIT_MS))
        return 0;
    vm_kill(&process, SIGKILL);
    if (gone_wait(instance, &process, KILL_MS))
        return 0;
    return err_set(err, "process %ld of instance '%s' does not end", (long)process.pid,
                   instance->name);
}

static void look_at_end(const struct instance *instance, const struct report *report,
                        struct provider_instance *look)
{
    look->state = INSTANCE_EXITED;
    look->exit_status = -1;
    if (report->has_exit) {
        look->exit_status = report->exit;
    } else if (report->has_signal) {
        look->exit_status = SIGNAL_EXIT + report->signal;
    }
    if (report_is_end(report)) {
        look->ended_s = changed_s(instance, "report");
        return;
    }
    look->reason = failure_of(instance, report);
    if (look->reason) {
        look->state = INSTANCE_FAILED;
        look->ended_s = changed_s(instance, "report");
    } else if (changed_s(instance, "stopping") > 0) {
        look->ended_s = changed_s(instance, "stopping");
        look->reason = xstrdup("it was ended by force");
    } else {
        look->reason = xstrdup("its machine was killed, or this computer restarted");
    }
}

/* Where it is reached, to be freed; NULL: only DHCP knows. */
static char *address_of(const struct launch *launch)
{
    if (!launch->tap && !launch->bridge)
        return xstrdup("127.0.0.1");
    for (size_t i = 0; i < launch->overlay.count; i++) {
        const char *line = launch->overlay.items[i];

        if (strncmp(line, "ip ", 3) == 0)
            return xstrndup(line + 3, strcspn(line + 3, "/"));
    }
    return NULL;
}

void instance_look(const struct instance *instance, struct provider_instance *look)
{
    struct vm_process process;
    struct report report;
    bool is_alive = instance_is_alive(instance, &process);

    *look = (struct provider_instance){
        .name = xstrdup(instance->name),
        .image = xstrdup(instance->image),
        .ports = launch_ports_text(&instance->launch),
        .created_s = instance->created_s,
        .started_s = instance->started_s,
        .exit_status = -1,
        .gdb = instance->launch.gdb_port > 0 ? xasprintf("127.0.0.1:%u", instance->launch.gdb_port)
                                             : NULL,
    };
    instance_report(instance, &report);
    look->restarts = (int64_t)report.restarts;
    if (is_alive) {
        if (process.pid > 0)
            look->id = xasprintf("%ld", (long)process.pid);
        look->address = address_of(&instance->launch);
        look->state = report.boot_ns > 0 ? INSTANCE_RUNNING : INSTANCE_STARTING;
        if (report.is_held)
            look->state = INSTANCE_HELD;
        if (changed_s(instance, "stopping") > 0)
            look->state = INSTANCE_STOPPING;
    } else if (instance->started_s == 0) {
        look->state = INSTANCE_FAILED;
        look->reason = xstrdup("it was never started");
    } else {
        look_at_end(instance, &report, look);
    }
}
