/* SPDX-License-Identifier: Apache-2.0 */
/* The files of /proc/self, of each thread below self/task, and of /proc/sys/kernel. */
#include "kernel/task/proc_task.h"

#include "abi/linux/errors.h"
#include "kernel/core/thread.h"
#include "kernel/fs/procfs.h"
#include "kernel/task/hostname.h"
#include "kernel/task/limits.h"
#include "kernel/task/program.h"
#include "kernel/task/task.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

/* A thread's number as the argument of a file. */
static void *tid_arg(u64 tid)
{
    return (void *)(uintptr_t)tid; /* NOLINT: only a number. */
}

static void show_piece(struct proc_output *out, u64 off, u64 size)
{
    const struct program_info *info = program_info();

    if (info->stack_image)
        proc_put(out, (const char *)info->stack_image + off, size);
}

static void show_cmdline(struct proc_output *out, void *arg)
{
    (void)arg;
    show_piece(out, program_info()->args_off, program_info()->args_size);
}

static void show_environ(struct proc_output *out, void *arg)
{
    (void)arg;
    show_piece(out, program_info()->envs_off, program_info()->envs_size);
}

static void show_auxv(struct proc_output *out, void *arg)
{
    (void)arg;
    show_piece(out, program_info()->aux_off, program_info()->aux_size);
}

static void name_copy(void *arg, struct task *task)
{
    mem_copy(arg, task->thread.name, THREAD_NAME_SIZE);
}

static void show_comm(struct proc_output *out, void *arg)
{
    u32 tid = (u32)(uintptr_t)arg;
    char name[THREAD_NAME_SIZE] = "";

    if (task_visit(tid != 0 ? tid : PROGRAM_PID, name_copy, name))
        proc_printf(out, "%s\n", name);
}

static void name_store(void *arg, struct task *task)
{
    str_copy(task->thread.name, THREAD_NAME_SIZE, arg);
}

static int store_comm(const char *text, size_t len, void *arg)
{
    u32 tid = (u32)(uintptr_t)arg;
    char name[THREAD_NAME_SIZE];

    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len >= sizeof(name))
        len = sizeof(name) - 1;
    mem_copy(name, text, len);
    name[len] = '\0';
    return task_visit(tid != 0 ? tid : PROGRAM_PID, name_store, name) ? 0 : -ESRCH;
}

struct limit_row {
    const char *name;
    const char *unit;
};

static const struct limit_row limit_rows[RLIMITS] = {
    [RLIMIT_CPU] = { "Max cpu time", "seconds" },
    [RLIMIT_FSIZE] = { "Max file size", "bytes" },
    [RLIMIT_DATA] = { "Max data size", "bytes" },
    [RLIMIT_STACK] = { "Max stack size", "bytes" },
    [RLIMIT_CORE] = { "Max core file size", "bytes" },
    [RLIMIT_RSS] = { "Max resident set", "bytes" },
    [RLIMIT_NPROC] = { "Max processes", "processes" },
    [RLIMIT_NOFILE] = { "Max open files", "files" },
    [RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
    [RLIMIT_AS] = { "Max address space", "bytes" },
    [RLIMIT_LOCKS] = { "Max file locks", "locks" },
    [RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
    [RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
    [RLIMIT_NICE] = { "Max nice priority", "" },
    [RLIMIT_RTPRIO] = { "Max realtime priority", "" },
    [RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void put_limit(struct proc_output *out, u64 limit)
{
    if (limit == RLIM_INFINITY) {
        proc_printf(out, "%-20s ", "unlimited");
    } else {
        proc_printf(out, "%-20lu ", limit);
    }
}

static void show_limits(struct proc_output *out, void *arg)
{
    (void)arg;
    proc_printf(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (u32 kind = 0; kind < RLIMITS; kind++) {
        struct rlimit limit;

        if (limit_get(kind, &limit) < 0)
            continue;
        proc_printf(out, "%-25s ", limit_rows[kind].name);
        put_limit(out, limit.soft);
        put_limit(out, limit.hard);
        proc_printf(out, "%-10s\n", limit_rows[kind].unit);
    }
}

static long exe_link(char *target, size_t size, void *arg)
{
    (void)arg;
    return program_path(target, size);
}

/* [atomic] Read back, and without effect: nobody else is there to be killed first. */
static s32 oom_score_adj;

static void show_oom_score_adj(struct proc_output *out, void *arg)
{
    (void)arg;
    proc_printf(out, "%d\n", __atomic_load_n(&oom_score_adj, __ATOMIC_RELAXED));
}

static int store_oom_score_adj(const char *text, size_t len, void *arg)
{
    bool negative = len > 0 && text[0] == '-';
    u64 value;

    (void)arg;
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (!text_parse_u64(text + negative, len - negative, &value) || value > 1000)
        return -EINVAL;
    __atomic_store_n(&oom_score_adj, negative ? -(s32)value : (s32)value, __ATOMIC_RELAXED);
    return 0;
}

static void show_hostname(struct proc_output *out, void *arg)
{
    char name[HOSTNAME_SIZE];

    (void)arg;
    hostname_get(name);
    proc_printf(out, "%s\n", name);
}

static int store_hostname(const char *text, size_t len, void *arg)
{
    (void)arg;
    if (len > 0 && text[len - 1] == '\n')
        len--;
    return hostname_set(text, len);
}

static void show_domainname(struct proc_output *out, void *arg)
{
    char name[HOSTNAME_SIZE];

    (void)arg;
    domainname_get(name);
    proc_printf(out, "%s\n", name);
}

static void show_sched(struct proc_output *out, void *arg)
{
    u32 tid = (u32)(uintptr_t)arg;

    proc_printf(out, "tid : %u\npolicy : 0\n", tid != 0 ? tid : PROGRAM_PID);
}

/* What every thread has, and the process as well. */
struct thread_file {
    const char *name;
    proc_show_fn *show;
    proc_store_fn *store;
};

static const struct thread_file thread_files[] = {
    { "status", proc_show_status, NULL }, { "stat", proc_show_stat, NULL },
    { "comm", show_comm, store_comm },    { "cmdline", show_cmdline, NULL },
    { "environ", show_environ, NULL },    { "auxv", show_auxv, NULL },
    { "limits", show_limits, NULL },      { "sched", show_sched, NULL },
};

static int thread_lookup(void *arg, const char *name, u32 len, struct procfs_item *item)
{
    for (u32 i = 0; i < ARRAY_COUNT(thread_files); i++) {
        const struct thread_file *file = &thread_files[i];

        if (str_len(file->name) != len || !mem_equal(file->name, name, len))
            continue;
        *item = (struct procfs_item){
            .kind = PROCFS_FILE, .arg = arg, .show = file->show, .store = file->store
        };
        return 0;
    }
    return -ENOENT;
}

static bool thread_next(void *arg, u64 *position, char name[PROC_NAME_MAX])
{
    (void)arg;
    if (*position >= ARRAY_COUNT(thread_files))
        return false;
    return str_copy(name, PROC_NAME_MAX, thread_files[*position].name);
}

static const struct procfs_children thread_children = {
    .lookup = thread_lookup,
    .next = thread_next,
};

static void visit_nothing(void *arg, struct task *task)
{
    (void)arg;
    (void)task;
}

static int task_lookup(void *arg, const char *name, u32 len, struct procfs_item *item)
{
    u64 tid;

    (void)arg;
    if (!procfs_parse_number(name, len, &tid) || tid > UINT32_MAX ||
        !task_visit((u32)tid, visit_nothing, NULL))
        return -ENOENT;
    *item = (struct procfs_item){ .kind = PROCFS_DIRECTORY,
                                  .arg = tid_arg(tid),
                                  .children = &thread_children };
    return 0;
}

struct lowest {
    u64 at_least;
    u64 found;
};

static bool lowest_visit(void *arg, struct task *task)
{
    struct lowest *lowest = arg;

    if (task->tid >= lowest->at_least && task->tid < lowest->found)
        lowest->found = task->tid;
    return true;
}

static bool task_next(void *arg, u64 *position, char name[PROC_NAME_MAX])
{
    struct lowest lowest = { .at_least = *position, .found = UINT64_MAX };
    struct text text;

    (void)arg;
    task_for_each(lowest_visit, &lowest);
    if (lowest.found == UINT64_MAX)
        return false;
    *position = lowest.found;
    text_init(&text, name, PROC_NAME_MAX);
    text_format(&text, "%lu", lowest.found);
    return true;
}

static const struct procfs_children task_children = {
    .lookup = task_lookup,
    .next = task_next,
};

static long thread_self_link(char *target, size_t size, void *arg)
{
    char path[32];
    struct text text;

    (void)arg;
    text_init(&text, path, sizeof(path));
    text_format(&text, "1/task/%u", task_current() ? task_current()->tid : PROGRAM_PID);
    if (text.len > size)
        return -ENAMETOOLONG;
    mem_copy(target, path, text.len);
    return (long)text.len;
}

static void sys_kernel_init(void)
{
    procfs_add("sys/kernel/hostname", show_hostname, store_hostname, NULL);
    procfs_add("sys/kernel/domainname", show_domainname, NULL, NULL);
    procfs_add_text("sys/kernel/ostype", "Linux\n");
    procfs_add_text("sys/kernel/osrelease", KERNEL_RELEASE "\n");
    procfs_add_text("sys/kernel/version", KERNEL_VERSION "\n");
    procfs_add_text("sys/kernel/pid_max", "4194304\n");
    procfs_add_text("sys/kernel/threads-max", "32768\n");
    procfs_add_text("sys/kernel/ngroups_max", "65536\n");
    procfs_add_text("sys/kernel/cap_last_cap", "40\n");
    procfs_add_text("sys/kernel/randomize_va_space", "2\n");
    procfs_add_text("sys/kernel/core_pattern", "core\n");
    procfs_add_text("sys/kernel/sched_autogroup_enabled", "0\n");
    procfs_add_text("sys/vm/max_map_count", "65530\n");
    procfs_add_text("sys/vm/mmap_min_addr", "65536\n");
    procfs_add_text("version", "Linux version " KERNEL_RELEASE " (soliton) " KERNEL_VERSION "\n");
}

void proc_task_init(void)
{
    char path[PROC_PATH_MAX];
    struct text text;

    for (u32 i = 0; i < ARRAY_COUNT(thread_files); i++) {
        text_init(&text, path, sizeof(path));
        text_format(&text, "1/%s", thread_files[i].name);
        procfs_add(path, thread_files[i].show, thread_files[i].store, NULL);
    }
    procfs_add_link("1/exe", exe_link, NULL);
    procfs_add_text("1/cgroup", "0::/\n");
    procfs_add_text("1/oom_score", "0\n");
    procfs_add("1/oom_score_adj", show_oom_score_adj, store_oom_score_adj, NULL);
    procfs_add_text("1/personality", "00000000\n");
    procfs_add_text("1/wchan", "0");
    procfs_add_text("1/loginuid", "4294967295");
    procfs_add_text("1/setgroups", "allow\n");
    procfs_add_text("1/uid_map", "         0          0 4294967295\n");
    procfs_add_text("1/gid_map", "         0          0 4294967295\n");
    procfs_add_children("1/task", &task_children, NULL);
    procfs_add_link("thread-self", thread_self_link, NULL);
    sys_kernel_init();
}
