/* SPDX-License-Identifier: Apache-2.0 */
/* run: pack a program into an image and run it in a machine on this one. */
#include "host/clock.h"
#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/gdb_note.h"
#include "ops/cmd/run_background.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"
#include "ops/image/image.h"
#include "ops/image/kernel.h"
#include "ops/image/root.h"
#include "ops/image/tree.h"
#include "ops/state/own.h"
#include "ops/state/state.h"
#include "ops/store/cache.h"
#include "ops/store/mount.h"
#include "ops/vm/launch.h"
#include "ops/vm/qemu.h"
#include "ops/vm/report.h"
#include "ops/vm/vm.h"
#include "ops/vm/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    KERNEL_MEMORY_MIB = 8, /* What the kernel itself wants of the machine, at the very least. */
    SIGNAL_EXIT = 128,     /* A shell's way to say by which signal something ended. */
    SHELL_MISSING = 127,
};

/* All that a run needs. */
struct run {
    struct settings settings;
    struct kernel_files files;
    struct own_dir dir;
    struct root root;         /* All zeros until it is collected. */
    struct cache_image image; /* What the machine's disk is. */
    char *log;
    char *qemu;
    struct launch launch;
    struct vm_pipe pipe;
    struct watch watch;
    struct strings command;
    uint64_t start_ms;
};

static void run_fini(struct run *run)
{
    own_dir_close(&run->dir);
    cache_image_put(&run->image);
    root_fini(&run->root);
    kernel_files_fini(&run->files);
    strings_fini(&run->command);
    launch_fini(&run->launch);
    vm_pipe_close(&run->pipe);
    watch_fini(&run->watch);
    free(run->log);
    free(run->qemu);
    settings_fini(&run->settings);
}

/* Refuses a machine that could not even hold the program. */
static int memory_check(const struct run *run, struct err *err)
{
    uint64_t program_mib = (run->root.program_size + (1u << 20) - 1) >> 20;

    if (run->settings.memory_mib >= program_mib + KERNEL_MEMORY_MIB)
        return 0;
    return err_set(err,
                   "%llu MiB of memory are too little: the program and its libraries alone are "
                   "%llu MiB\nhint: -m %lluM",
                   (unsigned long long)run->settings.memory_mib, (unsigned long long)program_mib,
                   (unsigned long long)program_mib + 2ULL * KERNEL_MEMORY_MIB);
}

/* Without a folder, for a dry run, there are only their names. */
static int secrets_fill(struct run *run, struct err *err)
{
    const struct strings *secrets = &run->settings.secrets;

    for (size_t i = 0; i + 1 < secrets->count; i += 2) {
        if (!run->dir.path) {
            strings_add(&run->launch.secrets, secrets->items[i]);
        } else if (launch_add_secret(&run->launch, run->dir.path, secrets->items[i],
                                     secrets->items[i + 1], err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* What the program is told at launch, and not by its image: that stays the same, and so cached. */
static int launch_fill(struct run *run, struct err *err)
{
    struct settings *settings = &run->settings;

    launch_set(&run->launch, settings, run->files.kernel, "");
    launch_watch(&run->launch, settings);
    if (mounts_attach(&run->launch, settings, err) < 0)
        return -1;
    if (secrets_fill(run, err) < 0)
        return -1;
    return run->dir.path ? launch_write_overlay(&run->launch, run->dir.path, err) : 0;
}

/* Where the program is on this machine. */
static const char *program_file(struct run *run)
{
    const struct tree_node *program = tree_find(&run->root.tree, run->root.program_real);

    return program && program->source ? program->source : run->settings.program;
}

static void command_fill(struct run *run, const char *report)
{
    struct qemu_channels channels = {
        .report = report,
        .files = run->dir.path ? run->dir.path : "FOLDER",
    };

    qemu_command(&run->command, run->qemu, &run->launch, &channels, qemu_kvm_wanted(&run->launch));
}

/* Everything that can be known to be wrong before something is made. */
static int run_prepare(struct run *run, struct err *err)
{
    if (kernel_files_find(&run->files, run->settings.kernel, err) < 0)
        return -1;
    if (root_init(&run->root, &run->settings, err) < 0 || memory_check(run, err) < 0)
        return -1;
    for (size_t i = 0; i < run->root.notes.count; i++)
        ui_note("note: %s", run->root.notes.items[i]);
    ui_warnings(&run->root.warnings);
    return 0;
}

static int command_print(struct run *run, struct err *err)
{
    run->qemu = xstrdup("qemu-system-x86_64");
    if (launch_fill(run, err) < 0)
        return -1;
    settings_set(&run->launch.disk, "DISK");
    command_fill(run, "REPORT");
    for (size_t i = 0; i < run->command.count; i++) {
        char *quoted = qemu_quote(run->command.items[i]);

        printf("%s%s", i > 0 ? " " : "", quoted);
        free(quoted);
    }
    printf("\n");
    return 0;
}

static int disk_make(struct run *run, struct err *err)
{
    struct image_spec spec = {
        .kernel = run->files.kernel,
        .loader = run->files.loader,
        .tree = &run->root.tree,
        .root_size_min = run->settings.base_mib << 20,
    };
    uint64_t start_ms = now_ms();

    if (cache_image_get(&run->image, &spec, err) < 0)
        return -1;
    if (ui.is_verbose && run->image.is_new) {
        fprintf(stderr, "ops: image of %llu KiB built in %llu ms\n",
                (unsigned long long)run->image.size.content >> 10,
                (unsigned long long)(now_ms() - start_ms));
    }
    return 0;
}

/* QEMU ended and the kernel never said why. */
static int silent_end(const struct run *run, const struct vm_end *end, struct err *err)
{
    char *line = run->log ? qemu_complaint(run->log) : NULL;

    if (line) {
        err_set(err, "QEMU ended with status %d: %s%s", end->qemu_exit, line, qemu_hint(line));
    } else {
        err_set(err, "the machine stopped without a word of how its program ended (QEMU: %d)",
                end->qemu_exit);
    }
    free(line);
    return -1;
}

/* From how the machine ended to how ops ends. */
static int status_of(const struct run *run, const struct vm_end *end, struct err *err)
{
    const struct report *report = &run->watch.reader.report;

    if (ui.is_verbose && report->boot_ns > 0) {
        fprintf(stderr, "ops: the guest booted in %llu.%03llu ms with %llu KiB in use\n",
                (unsigned long long)report->boot_ns / 1000000,
                (unsigned long long)report->boot_ns / 1000 % 1000,
                (unsigned long long)report->memory_kib);
    }
    if (end->stopped_by != 0)
        return SIGNAL_EXIT + end->stopped_by;
    if (report->panic[0] != '\0')
        return err_set(err, "the kernel panicked: %s", report->panic);
    if (report->error[0] != '\0')
        return err_set(err, "the program was not started: %s", report->error);
    if (report->has_signal)
        return SIGNAL_EXIT + report->signal;
    if (report->has_exit)
        return report->exit;
    if (end->timed_out) {
        return err_set(err, "ended after %llu seconds, as --timeout says",
                       (unsigned long long)run->settings.timeout_s);
    }
    return silent_end(run, end, err);
}

static int machine_start(struct run *run, struct vm_end *end, struct err *err)
{
    struct vm_spec spec = {
        .command = &run->command,
        .log = run->log,
        .pipe = &run->pipe,
        .fn = watch_feed,
        .context = &run->watch,
        .timeout_s = run->settings.timeout_s,
    };

    if (vm_pipe_open(&run->pipe, err) < 0)
        return -1;
    command_fill(run, run->pipe.path);
    if (ui.is_verbose) {
        fprintf(stderr, "ops: starting the machine after %llu ms\n",
                (unsigned long long)(now_ms() - run->start_ms));
    }
    return vm_run(end, &spec, err);
}

/* The user's own command, for when the machine has ended: what comes of it is his. */
static void at_exit_run(const char *command)
{
    pid_t child;
    sigset_t none;

    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(SHELL_MISSING);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int run_machine(struct run *run, struct err *err)
{
    struct vm_end end;
    int signal;
    int status;

    run->qemu = qemu_find(err);
    if (!run->qemu)
        return -1;
    vm_signals_hold();
    if (own_dir_open(&run->dir, STATE_RUN, err) < 0 || launch_fill(run, err) < 0 ||
        launch_network_check(&run->launch, err) < 0 || disk_make(run, err) < 0)
        return -1;
    settings_set(&run->launch.disk, run->image.path);
    run->log = ui.is_verbose ? NULL : own_dir_file(&run->dir, "qemu.log");
    if (vm_signals_stop(&signal))
        return SIGNAL_EXIT + signal;
    if (run->settings.debug &&
        gdb_note(program_file(run), run->files.kernel, &run->settings, err) < 0)
        return -1;
    if (machine_start(run, &end, err) < 0)
        return -1;
    watch_finish(&run->watch);
    status = status_of(run, &end, err);
    if (run->settings.at_exit)
        at_exit_run(run->settings.at_exit);
    return status;
}

static int run_all(struct run *run, struct err *err)
{
    if (run_prepare(run, err) < 0)
        return -1;
    if (run->settings.dry_run)
        return command_print(run, err);
    return run_machine(run, err);
}

static int run_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct run run = { .watch = { .out = stderr }, .start_ms = now_ms() };
    int status;

    settings_init(&run.settings);
    status = settings_parse(&run.settings, self, argc, argv, err);
    if (status == 0) {
        status = run.settings.background ? run_background(&run.settings, err) : run_all(&run, err);
        if (status < 0)
            err_prefix(err, "cannot run '%s'", run.settings.program);
    }
    run_fini(&run);
    return status;
}

#define FIELD(field) offsetof(struct settings, field)

static int persist_refuse(void *field, const char *value, struct err *err)
{
    (void)field;
    (void)value;
    return err_set(err, "programs cannot write to their root yet, so nothing would persist\n"
                        "hint: `ops image cp FILE NAME:PATH` changes an image");
}

static const struct option_spec run_options[] = {
    { 0, "background", NULL, "make an instance of it (see `ops instance`) and return", OPTION_FLAG,
      FIELD(background), NULL, false },
    { 'b', "bridged", NULL, "tie the machine to a bridge of this computer", OPTION_FLAG,
      FIELD(bridged), NULL, false },
    { 0, "bridgename", "NAME", "which bridge; br0 unless given", OPTION_TEXT, FIELD(bridge_name),
      NULL, false },
    { 't', "tapname", "NAME", "tie it to a tap device that is there; also --tap", OPTION_TEXT,
      FIELD(tap_name), NULL, false },
    { 0, "persist", NULL, NULL, OPTION_CALL, 0, persist_refuse, false },
    { 0 },
};

static const struct option_spec *const options[] = {
    options_config,   run_options,    options_watch, options_machine,
    options_attended, options_launch, options_build, NULL,
};

const struct cmd cmd_run = {
    .name = "run",
    .usage = "[OPTION...] PROGRAM [-- ARGUMENT...]",
    .about = "run a program in a machine of its own on this computer",
    .more =
        "The program's output is what it prints; its exit status is that of ops, 128 and the "
        "number\n"
        "of the signal if one ended it. Running never changes the image. A script is run by the\n"
        "interpreter that its first line names, unless that is a shell.\n"
        "\n"
        "With --debug, kernel and program lie at known addresses (no randomisation), and the line\n"
        "that is printed brings gdb there with the symbols of both.",
    .examples = "  ops run ./server -p 8080\n"
                "  ops run --trace --no-trace futex /usr/bin/python3 -- -c 'print(1)'\n"
                "  ops run --debug ./server",
    .options = options,
    .run = run_run,
};
