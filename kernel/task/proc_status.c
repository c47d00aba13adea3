/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/status and /proc/self/stat, in the formats of proc(5). */
#include "abi/linux/signal.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/fs/procfs.h"
#include "kernel/task/limits.h"
#include "kernel/task/proc_task.h"
#include "kernel/task/program.h"
#include "kernel/task/signal.h"
#include "kernel/task/signal_internal.h"
#include "kernel/task/task.h"
#include "kernel/vm/vm.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    KIB_PER_PAGE = PAGE_SIZE / 1024,
    TICKS_PER_SECOND = 100,
    PRIORITY_BASE = 20, /* Linux shows 20 + nice. */
};

/* A picture of one thread, taken with the task list locked. */
struct snapshot {
    char name[THREAD_NAME_SIZE];
    u32 tid;
    char state;
    u64 pending;
    u64 process_pending;
    u64 blocked;
    u64 ignored;
    u64 caught;
    u64 start_ns;
    u64 runtime_ns;
    u64 switches;
    u64 preemptions;
    s32 nice;
    u32 cpu;
    cpu_mask_t affinity;
};

static void actions_summarise(struct snapshot *snapshot)
{
    for (int signal = 1; signal <= SIGNALS; signal++) {
        u64 handler = signal_state.actions[signal - 1].handler;

        if (handler == SIG_IGN) {
            snapshot->ignored |= SIGNAL_BIT(signal);
        } else if (handler != SIG_DFL) {
            snapshot->caught |= SIGNAL_BIT(signal);
        }
    }
}

static void snapshot_take(void *arg, struct task *task)
{
    struct snapshot *snapshot = arg;

    mem_copy(snapshot->name, task->thread.name, sizeof(snapshot->name));
    snapshot->tid = task->tid;
    snapshot->state = task->thread.state == THREAD_SLEEPING ? 'S' : 'R';
    snapshot->pending = task->signals.queue.pending;
    snapshot->process_pending = signal_state.process.pending;
    snapshot->blocked = task->signals.blocked;
    snapshot->start_ns = task->start_ns;
    snapshot->runtime_ns = sched_runtime_ns(&task->thread);
    snapshot->switches = task->thread.switches;
    snapshot->preemptions = task->thread.preemptions;
    snapshot->nice = task->thread.nice;
    snapshot->cpu = task->thread.cpu;
    snapshot->affinity = task->thread.affinity;
    actions_summarise(snapshot);
}

/* False when the thread has ended. */
static bool snapshot_of(void *arg, struct snapshot *snapshot)
{
    u32 tid = (u32)(uintptr_t)arg;

    mem_zero(snapshot, sizeof(*snapshot));
    if (task_visit(tid != 0 ? tid : PROGRAM_PID, snapshot_take, snapshot))
        return true;
    /* The main thread may have left; the process is still there. */
    return tid == 0 && task_current() && task_visit(task_current()->tid, snapshot_take, snapshot);
}

static void show_memory(struct proc_output *out)
{
    struct vm_counts counts;
    u64 size;

    vm_counts(&counts);
    size = counts.size_bytes / 1024;
    proc_printf(out, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8u kB\nVmPin:\t%8u kB\n", size,
                size, 0, 0);
    proc_printf(out, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n", counts.resident_pages * KIB_PER_PAGE,
                counts.resident_pages * KIB_PER_PAGE);
    proc_printf(out, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmSwap:\t%8u kB\n",
                counts.data_bytes / 1024, counts.stack_bytes / 1024, counts.text_bytes / 1024, 0);
}

static void show_signals(struct proc_output *out, const struct snapshot *snapshot)
{
    proc_printf(out, "SigQ:\t%u/%u\n", signal_state.queued_count, SIGNAL_QUEUE_MAX);
    proc_printf(out, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n", snapshot->pending,
                snapshot->process_pending, snapshot->blocked);
    proc_printf(out, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", snapshot->ignored, snapshot->caught);
}

/* As a mask, and as ranges: "0-2,5". */
static void show_cpus(struct proc_output *out, cpu_mask_t mask)
{
    const char *separator = "";

    proc_printf(out, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", mask);
    for (u32 first = 0; first < 64; first++) {
        u32 last = first;

        if ((mask >> first & 1) == 0)
            continue;
        while (last < 63 && mask >> (last + 1) & 1)
            last++;
        proc_printf(out, "%s%u", separator, first);
        if (last > first)
            proc_printf(out, "-%u", last);
        separator = ",";
        first = last;
    }
    proc_printf(out, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

void proc_show_status(struct proc_output *out, void *arg)
{
    static const u64 capabilities = 0x1ffffffffff;
    struct snapshot snapshot;
    cpu_mask_t all = cpu_count() >= 64 ? UINT64_MAX : (1ull << cpu_count()) - 1;

    if (!snapshot_of(arg, &snapshot))
        return;
    proc_printf(out, "Name:\t%s\nUmask:\t0022\nState:\t%c (%s)\n", snapshot.name, snapshot.state,
                snapshot.state == 'S' ? "sleeping" : "running");
    proc_printf(out, "Tgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t0\nTracerPid:\t0\n", PROGRAM_PID,
                snapshot.tid);
    proc_printf(out, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t256\nGroups:\t\n");
    show_memory(out);
    proc_printf(out, "Threads:\t%u\n", task_count());
    show_signals(out, &snapshot);
    proc_printf(out, "CapInh:\t%016x\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n", 0,
                capabilities, capabilities, capabilities);
    proc_printf(out, "CapAmb:\t%016x\nNoNewPrivs:\t0\nSeccomp:\t0\n", 0);
    show_cpus(out, snapshot.affinity & all);
    proc_printf(out, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
                snapshot.switches, snapshot.preemptions);
}

void proc_show_stat(struct proc_output *out, void *arg)
{
    const u64 tick = NS_PER_SECOND / TICKS_PER_SECOND;
    bool is_process = arg == NULL;
    struct snapshot snapshot;
    struct vm_counts counts;
    struct rlimit rss = { 0 };
    u64 runtime;

    if (!snapshot_of(arg, &snapshot) || limit_get(RLIMIT_RSS, &rss) < 0)
        return;
    vm_counts(&counts);
    runtime = is_process ? task_runtime_ns() : snapshot.runtime_ns;

    /* Fields 1 to 13: who, and faults. */
    proc_printf(out, "%u (%s) %c 0 %u %u 0 -1 4194304 %lu 0 %lu 0 ", snapshot.tid, snapshot.name,
                snapshot.state, PROGRAM_PID, PROGRAM_PID, counts.faults_minor, counts.faults_major);
    /* 14 to 22: times and scheduling. */
    proc_printf(out, "%lu 0 0 0 %d %d %u 0 %lu ", runtime / tick, PRIORITY_BASE + snapshot.nice,
                snapshot.nice, task_count(), snapshot.start_ns / tick);
    /* 23 to 30: memory. */
    proc_printf(out, "%lu %lu %lu 0 0 %lu 0 0 ", counts.size_bytes, counts.resident_pages, rss.soft,
                program_info()->stack_base);
    /* 31 to 41: signals, and where it runs. */
    proc_printf(out, "%lu %lu %lu %lu 0 0 0 17 %u 0 0 ", snapshot.pending, snapshot.blocked,
                snapshot.ignored, snapshot.caught, snapshot.cpu);
    /* 42 to 52: what we do not keep. */
    proc_printf(out, "0 0 0 0 0 0 0 0 0 0 0\n");
}
