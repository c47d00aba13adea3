/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/learn.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/config/settings.h"
#include "ops/image/kernel.h"
#include "ops/image/mounts.h"
#include "ops/image/root.h"
#include "ops/image/tree.h"
#include "ops/state/own.h"
#include "ops/state/state.h"
#include "ops/store/client.h"
#include "ops/vm/launch.h"
#include "ops/vm/qemu.h"
#include "ops/vm/report.h"
#include "ops/vm/vm.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATHS_MAX = 65536, /* The guest says how many there are. */
    SIGNAL_EXIT = 128,
};

/* All that a learning run needs. */
struct learner {
    struct learned *learned;
    const struct settings *settings;
    struct own_dir dir;
    struct kernel_files files;
    struct launch launch;
    struct strings command;
    struct vm_pipe pipe;
    struct report_reader reader;
    struct client client;
};

void learned_fini(struct learned *learned)
{
    strings_fini(&learned->opened);
    strings_fini(&learned->missing);
}

static void learner_fini(struct learner *learner)
{
    client_fini(&learner->client);
    vm_pipe_close(&learner->pipe);
    own_dir_close(&learner->dir);
    kernel_files_fini(&learner->files);
    launch_fini(&learner->launch);
    strings_fini(&learner->command);
}

static void line_take(void *context, enum report_kind kind, const char *text)
{
    struct learner *learner = context;
    struct strings *list =
        kind == REPORT_OPEN ? &learner->learned->opened : &learner->learned->missing;

    if ((kind == REPORT_OPEN || kind == REPORT_MISSING) && *text == '/' &&
        list->count < PATHS_MAX) {
        char *path = xstrdup(text);

        report_path(path);
        strings_add(list, path);
        free(path);
    }
}

static void report_take(void *context, const char *bytes, size_t size)
{
    struct learner *learner = context;

    report_feed(&learner->reader, bytes, size);
    if (learner->reader.report.boot_ns > 0)
        client_notice(&learner->client);
}

/* The manifest as the image would have it; but files are told, and the program's end is the end. */
static int manifest_write(const char *path, const struct settings *settings, struct err *err)
{
    struct root root;
    const struct tree_node *node;
    char *text;
    int status = root_init(&root, settings, err);

    if (status == 0) {
        node = tree_find(&root.tree, "/etc/soliton/manifest");
        text = xasprintf("%.*strace-files on\ncrash halt\nexit halt\n", node ? (int)node->size : 0,
                         node ? node->text : "");
        status = state_write(path, text, err);
        free(text);
    }
    root_fini(&root);
    return status;
}

static int command_fill(struct learner *learner, const char *qemu, struct err *err)
{
    char *manifest = own_dir_file(&learner->dir, "manifest");
    char *disk = own_dir_file(&learner->dir, "disk");
    struct qemu_channels channels = { .report = learner->pipe.path };
    int status = manifest_write(manifest, learner->settings, err);

    if (status == 0)
        status = state_write(disk, "", err); /* There has to be one. */
    if (status == 0) {
        launch_set(&learner->launch, learner->settings, learner->files.kernel, disk);
        learner->launch.gdb_port = 0; /* "Debug" is for the image's own runs. */
        launch_append(&learner->launch, "root=9p");
        launch_add_share(&learner->launch, "root",
                         learner->settings->target_root ? learner->settings->target_root : "/",
                         true);
        qemu_command(&learner->command, qemu, &learner->launch, &channels,
                     qemu_kvm_wanted(&learner->launch));
        qemu_add_file(&learner->command, "manifest", manifest);
    }
    free(disk);
    free(manifest);
    return status;
}

/* From how the machine and the client ended to what came of it. */
static int end_judge(struct learner *learner, const struct vm_end *end, struct err *err)
{
    const struct report *report = &learner->reader.report;
    int client = client_end(&learner->client);

    if (end->stopped_by != 0 && client < 0)
        return SIGNAL_EXIT + end->stopped_by; /* By the user. */
    if (client > 0)
        return err_set(err, "the client command ended with status %d", client);
    if (report->panic[0] != '\0')
        return err_set(err, "the kernel panicked: %s", report->panic);
    if (report->error[0] != '\0')
        return err_set(err, "the program was not started: %s", report->error);
    if (report->boot_ns == 0)
        return err_set(err, "the machine did not start the program (QEMU: %d)", end->qemu_exit);
    if (client < 0 && client_is_wanted(&learner->client))
        return err_set(err, "the program ended before the client command did");
    return 0;
}

static int machine_run(struct learner *learner, struct err *err)
{
    struct vm_end end = { 0 };
    struct vm_spec spec = {
        .command = &learner->command,
        .pipe = &learner->pipe,
        .fn = report_take,
        .context = learner,
        .timeout_s = learner->settings->timeout_s,
    };

    if (client_start(&learner->client, err) < 0 || vm_run(&end, &spec, err) < 0)
        return -1;
    report_finish(&learner->reader);
    return end_judge(learner, &end, err);
}

static int learner_run(struct learner *learner, struct err *err)
{
    char *qemu = qemu_find(err);
    int status = -1;

    if (qemu && kernel_files_find(&learner->files, learner->settings->kernel, err) == 0) {
        vm_signals_hold();
        if (own_dir_open(&learner->dir, STATE_RUN, err) == 0 &&
            vm_pipe_open(&learner->pipe, err) == 0 && command_fill(learner, qemu, err) == 0 &&
            launch_network_check(&learner->launch, err) == 0)
            status = machine_run(learner, err);
    }
    free(qemu);
    return status;
}

/* The machine sees this one's files, but not below what is memory there. */
static int program_set(struct settings *settings, struct err *err)
{
    char path[PATH_MAX];
    const char *mount;

    if (!realpath(settings->program, path))
        return err_set_errno(err, "cannot read '%s'", settings->program);
    settings_set(&settings->program, path);
    mount = mounts_find(settings, path);
    if (!mount)
        return 0;
    return err_set(err,
                   "'%s' lies below '%s', which is memory in a machine\nhint: learn from a copy "
                   "that lies elsewhere",
                   path, mount);
}

static int text_order(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void strings_sort(struct strings *strings)
{
    if (strings->count > 1)
        qsort(strings->items, strings->count, sizeof(*strings->items), text_order);
}

/* Takes out what was found at another place by the same name: libraries are looked for. */
static void missing_filter(struct learned *learned)
{
    struct strings names = { 0 };
    struct strings left = { 0 };

    for (size_t i = 0; i < learned->opened.count; i++)
        strings_add(&names, path_base(learned->opened.items[i]));
    strings_sort(&names);
    for (size_t i = 0; i < learned->missing.count; i++) {
        const char *name = path_base(learned->missing.items[i]);

        if (names.count == 0 ||
            !bsearch(&name, names.items, names.count, sizeof(*names.items), text_order))
            strings_add(&left, learned->missing.items[i]);
    }
    strings_fini(&names);
    strings_fini(&learned->missing);
    learned->missing = left;
}

int learn_run(struct learned *learned, struct settings *settings, const struct strings *client,
              struct err *err)
{
    struct learner learner = { .learned = learned, .settings = settings };
    int status;

    *learned = (struct learned){ .opened = { 0 } };
    learner.reader.fn = line_take;
    learner.reader.context = &learner;
    client_init(&learner.client, client);
    status = program_set(settings, err);
    if (status == 0)
        status = learner_run(&learner, err);
    learner_fini(&learner);
    strings_sort(&learned->opened);
    strings_sort(&learned->missing);
    missing_filter(learned);
    return status < 0 ? err_prefix(err, "cannot learn from '%s'", settings->program) : status;
}
