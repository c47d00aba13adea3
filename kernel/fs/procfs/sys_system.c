/* SPDX-License-Identifier: Apache-2.0 */
/* /sys: which CPUs there are, and the cgroup files that runtimes size themselves by. */
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/procfs/proc_system.h"
#include "kernel/mm/page.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

static void show_cpu_range(struct proc_output *out, void *arg)
{
    (void)arg;
    if (cpu_count() == 1) {
        proc_printf(out, "0\n");
    } else {
        proc_printf(out, "0-%u\n", cpu_count() - 1);
    }
}

static void show_number(struct proc_output *out, void *arg)
{
    proc_printf(out, "%llu\n", (unsigned long long)(uintptr_t)arg);
}

static void show_mask(struct proc_output *out, void *arg)
{
    proc_printf(out, "%llx\n", (unsigned long long)(uintptr_t)arg);
}

static void add_cpu_file(u32 cpu, const char *name, proc_show_fn *show, u64 number)
{
    char path[PROC_PATH_MAX];
    struct text text;

    text_init(&text, path, sizeof(path));
    text_format(&text, "devices/system/cpu/cpu%u/%s", cpu, name);
    sysfs_add(path, show, NULL, (void *)(uintptr_t)number); /* NOLINT: only a number. */
}

static void add_cpus(void)
{
    sysfs_add("devices/system/cpu/online", show_cpu_range, NULL, NULL);
    sysfs_add("devices/system/cpu/possible", show_cpu_range, NULL, NULL);
    sysfs_add("devices/system/cpu/present", show_cpu_range, NULL, NULL);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        add_cpu_file(cpu, "online", show_number, 1);
        add_cpu_file(cpu, "topology/core_id", show_number, cpu);
        add_cpu_file(cpu, "topology/physical_package_id", show_number, 0);
        add_cpu_file(cpu, "topology/thread_siblings_list", show_number, cpu);
        add_cpu_file(cpu, "topology/core_siblings_list", show_cpu_range, 0);
        add_cpu_file(cpu, "topology/thread_siblings", show_mask, (u64)1 << (cpu % 64));
    }
    sysfs_add_text("devices/system/node/online", "0\n");
    sysfs_add_text("devices/system/node/possible", "0\n");
    sysfs_add("devices/system/node/node0/cpulist", show_cpu_range, NULL, NULL);
}

static void show_memory_used(struct proc_output *out, void *arg)
{
    struct page_counts pages;

    (void)arg;
    page_counts(&pages);
    proc_printf(out, "%lu\n", (pages.total - pages.free) * PAGE_SIZE);
}

static void show_memory_total(struct proc_output *out, void *arg)
{
    struct page_counts pages;

    (void)arg;
    page_counts(&pages);
    proc_printf(out, "%lu\n", pages.total * PAGE_SIZE);
}

void sysfs_add_standard(void)
{
    add_cpus();
    sysfs_add_text("fs/cgroup/cgroup.controllers", "cpu memory\n");
    sysfs_add("fs/cgroup/memory.max", show_memory_total, NULL, NULL);
    sysfs_add("fs/cgroup/memory.current", show_memory_used, NULL, NULL);
    sysfs_add_text("fs/cgroup/cpu.max", "max 100000\n");
    sysfs_add_text("kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    sysfs_add_text("kernel/mm/transparent_hugepage/hpage_pmd_size", "2097152\n");
}
