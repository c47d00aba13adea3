/* SPDX-License-Identifier: Apache-2.0 */
/* /proc files about the machine: what core, mm and arch know. */
#include "kernel/fs/procfs/proc_system.h"

#include "kernel/arch/boot_info.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/irq.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/thread.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/fs/path.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/procfs/proc_fd.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

#define NS_PER_TICK (NS_PER_SECOND / 100) /* USER_HZ */

static void put_text(void *arg, const char *text, size_t len)
{
    proc_put(arg, text, len);
}

static void show_cpuinfo(struct proc_output *out, void *arg)
{
    (void)arg;
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        cpu_info_emit(cpu, put_text, out);
}

static void show_command_line(struct proc_output *out, void *arg)
{
    (void)arg;
    proc_printf(out, "%s\n", boot_info()->command_line);
}

static void put_kib(struct proc_output *out, const char *name, u64 pages)
{
    proc_printf(out, "%-15s %8lu kB\n", name, pages * (PAGE_SIZE / 1024));
}

static void show_meminfo(struct proc_output *out, void *arg)
{
    struct page_counts pages;
    struct heap_counts heap;
    u64 cached;
    u64 dirty;

    (void)arg;
    page_counts(&pages);
    heap_counts(&heap);
    page_cache_counts(&cached, &dirty);
    put_kib(out, "MemTotal:", pages.total);
    put_kib(out, "MemFree:", pages.free);
    put_kib(out, "MemAvailable:", pages.free + cached);
    put_kib(out, "Buffers:", 0);
    put_kib(out, "Cached:", cached);
    put_kib(out, "SwapCached:", 0);
    put_kib(out, "SwapTotal:", 0);
    put_kib(out, "SwapFree:", 0);
    put_kib(out, "Dirty:", dirty);
    put_kib(out, "Slab:", heap.bytes / PAGE_SIZE);
    proc_printf(out, "HugePages_Total:       0\nHugePages_Free:        0\n");
    proc_printf(out, "Hugepagesize:       2048 kB\n");
}

static u64 total_of(u64 (*count)(u32 cpu))
{
    u64 total = 0;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        total += count(cpu);
    return total;
}

static void show_uptime(struct proc_output *out, void *arg)
{
    u64 up = clock_now_ns() / NS_PER_TICK;
    u64 idle = total_of(sched_idle_ns) / NS_PER_TICK;

    (void)arg;
    proc_printf(out, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(up / 100),
                (unsigned long long)(up % 100), (unsigned long long)(idle / 100),
                (unsigned long long)(idle % 100));
}

/* What a CPU did not idle is called time of the program. */
static void put_cpu(struct proc_output *out, const char *name, u64 busy_ns, u64 idle_ns)
{
    proc_printf(out, "%s %llu 0 0 %llu 0 0 0 0 0 0\n", name,
                (unsigned long long)(busy_ns / NS_PER_TICK),
                (unsigned long long)(idle_ns / NS_PER_TICK));
}

static void show_stat(struct proc_output *out, void *arg)
{
    u64 boot_ns = clock_wall_ns() - clock_now_ns();
    char name[16];
    struct text text;

    (void)arg;
    put_cpu(out, "cpu ", total_of(sched_busy_ns), total_of(sched_idle_ns));
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        text_init(&text, name, sizeof(name));
        text_format(&text, "cpu%u", cpu);
        put_cpu(out, name, sched_busy_ns(cpu), sched_idle_ns(cpu));
    }
    proc_printf(out,
                "intr %llu\nctxt %llu\nbtime %llu\nprocesses 1\nprocs_running %u\n"
                "procs_blocked 0\n",
                (unsigned long long)total_of(irq_count), (unsigned long long)sched_switch_count(),
                (unsigned long long)(boot_ns / NS_PER_SECOND), sched_runnable_count());
}

static void show_loadavg(struct proc_output *out, void *arg)
{
    u32 loads[3];

    (void)arg;
    sched_load_averages(loads);
    for (u32 i = 0; i < ARRAY_COUNT(loads); i++)
        proc_printf(out, "%u.%02u ", loads[i] >> 16, ((loads[i] & 0xffff) * 100) >> 16);
    proc_printf(out, "%u/%u 1\n", sched_runnable_count(), sched_thread_count());
}

/* ---- Mounts. ---- */

static const char *options(const struct filesystem *fs)
{
    return fs->read_only ? "ro,relatime" : "rw,relatime";
}

/* As getmntent(3) reads it: what would end a field or a line is written in octal. */
static void put_path(struct proc_output *out, const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path == ' ' || *path == '\t' || *path == '\n' || *path == '\\') {
            proc_printf(out, "\\%03o", (unsigned)*path);
        } else {
            proc_printf(out, "%c", *path);
        }
    }
}

static void put_mount(void *arg, const char *source, const char *path, const struct filesystem *fs)
{
    proc_printf(arg, "%s ", source);
    put_path(arg, path);
    proc_printf(arg, " %s %s 0 0\n", fs->type, options(fs));
}

static void show_mounts(struct proc_output *out, void *arg)
{
    (void)arg;
    path_for_each_mount(put_mount, out);
}

struct mountinfo {
    struct proc_output *out;
    u32 id;
};

static void put_mountinfo(void *arg, const char *source, const char *path,
                          const struct filesystem *fs)
{
    struct mountinfo *info = arg;

    info->id++;
    proc_printf(info->out, "%u %u 0:%llu / ", info->id, info->id == 1 ? 0u : 1u,
                (unsigned long long)fs->device_id);
    put_path(info->out, path);
    proc_printf(info->out, " %s - %s %s %s\n", options(fs), fs->type, source,
                fs->read_only ? "ro" : "rw");
}

static void show_mountinfo(struct proc_output *out, void *arg)
{
    struct mountinfo info = { .out = out };

    (void)arg;
    path_for_each_mount(put_mountinfo, &info);
}

static long mounts_link(char *target, size_t size, void *arg)
{
    struct text text;

    (void)arg;
    text_init(&text, target, size);
    text_format(&text, "self/mounts");
    return (long)text.len;
}

/* There is one process. */
static long self_link(char *target, size_t size, void *arg)
{
    struct text text;

    (void)arg;
    text_init(&text, target, size);
    text_format(&text, "1");
    return (long)text.len;
}

/* ---- sys. ---- */

static void show_file_nr(struct proc_output *out, void *arg)
{
    (void)arg;
    proc_printf(out, "%llu\t0\t%d\n", (unsigned long long)file_count(), FDTABLE_SIZE_MAX);
}

static void show_number(struct proc_output *out, void *arg)
{
    proc_printf(out, "%llu\n", (unsigned long long)(uintptr_t)arg);
}

static void add_number(const char *path, u64 number)
{
    procfs_add(path, show_number, NULL, (void *)(uintptr_t)number); /* NOLINT: only a number. */
}

struct uuid {
    u8 bytes[16];
};

static void put_uuid(struct proc_output *out, const struct uuid *uuid)
{
    for (u32 i = 0; i < sizeof(uuid->bytes); i++)
        proc_printf(out, "%02x%s", uuid->bytes[i], i == 3 || i == 5 || i == 7 || i == 9 ? "-" : "");
    proc_put(out, "\n", 1);
}

/* RFC 9562 version 4: random but for two marks. */
static struct uuid uuid_create(void)
{
    struct uuid uuid;

    random_bytes(&uuid, sizeof(uuid));
    uuid.bytes[6] = (u8)((uuid.bytes[6] & 0x0f) | 0x40);
    uuid.bytes[8] = (u8)((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

static void show_uuid(struct proc_output *out, void *arg)
{
    struct uuid uuid = uuid_create();

    (void)arg;
    put_uuid(out, &uuid);
}

static struct uuid boot_id;

static void show_boot_id(struct proc_output *out, void *arg)
{
    (void)arg;
    put_uuid(out, &boot_id);
}

static void add_sys(void)
{
    boot_id = uuid_create();
    add_number("sys/fs/file-max", FDTABLE_SIZE_MAX);
    add_number("sys/fs/nr_open", FDTABLE_SIZE_MAX);
    add_number("sys/fs/pipe-max-size", 1 << 20);
    add_number("sys/fs/inotify/max_user_watches", 0);
    add_number("sys/fs/epoll/max_user_watches", 1 << 20);
    procfs_add("sys/fs/file-nr", show_file_nr, NULL, NULL);
    procfs_add("sys/kernel/random/uuid", show_uuid, NULL, NULL);
    procfs_add("sys/kernel/random/boot_id", show_boot_id, NULL, NULL);
    add_number("sys/kernel/random/entropy_avail", 256);
    add_number("sys/kernel/random/poolsize", 256);
    add_number("sys/vm/overcommit_memory", 1);
    add_number("sys/vm/swappiness", 0);
    procfs_add_text("filesystems",
                    "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n\text4\n");
    procfs_add_text("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

void procfs_add_standard(void)
{
    procfs_add("cpuinfo", show_cpuinfo, NULL, NULL);
    procfs_add("meminfo", show_meminfo, NULL, NULL);
    procfs_add("uptime", show_uptime, NULL, NULL);
    procfs_add("stat", show_stat, NULL, NULL);
    procfs_add("loadavg", show_loadavg, NULL, NULL);
    procfs_add("1/mounts", show_mounts, NULL, NULL);
    procfs_add("1/mountinfo", show_mountinfo, NULL, NULL);
    procfs_add_link("mounts", mounts_link, NULL);
    procfs_add_link("self", self_link, NULL);
    procfs_add("cmdline", show_command_line, NULL, NULL);
    proc_fd_add();
    add_sys();
    sysfs_add_standard();
}
