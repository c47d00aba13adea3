/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of an instance: what the kernel in it says by its control channel, what this computer
 * says of its QEMU, and what QEMU says of its disks where the kernel does not.
 */
#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/provider/local/instance.h"
#include "ops/provider/provider.h"
#include "ops/vm/control.h"
#include "ops/vm/launch.h"
#include "ops/vm/qmp.h"
#include "ops/vm/vm.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PROC_SIZE_MAX = 4096,
    STAT_UTIME_FIELD = 14, /* proc(5). */
    NS_PER_S = 1000000000,
};

static char *proc_read(pid_t pid, const char *name)
{
    char *path = xasprintf("/proc/%ld/%s", (long)pid, name);
    char *text = file_read_text(path, PROC_SIZE_MAX);

    free(path);
    return text;
}

/* The number in front of which there are `spaces` spaces; 0: there is none. */
static unsigned long long field_find(const char *text, int spaces)
{
    for (; text && spaces > 0; spaces--) {
        text = strchr(text, ' ');
        text += text ? 1 : 0;
    }
    return text ? strtoull(text, NULL, 10) : 0;
}

/* What this computer spends on it. */
static void host_figures(struct provider_stats *stats, pid_t pid)
{
    char *stat = proc_read(pid, "stat");
    char *statm = proc_read(pid, "statm");
    const char *rest = stat ? strrchr(stat, ')') : NULL; /* Ends the second field. */
    unsigned long long ticks =
        field_find(rest, STAT_UTIME_FIELD - 2) + field_find(rest, STAT_UTIME_FIELD - 1);

    if (rest)
        stats->cpu_ns = (int64_t)(ticks * (NS_PER_S / (unsigned long)sysconf(_SC_CLK_TCK)));
    if (statm)
        stats->memory_host = (int64_t)field_find(statm, 1) * sysconf(_SC_PAGESIZE);
    free(stat);
    free(statm);
}

/* What the kernel in it says. */
static int guest_figures(struct provider_stats *stats, const struct instance *instance)
{
    static const char lo[] = "device=\"lo\"";
    struct err ignored;
    int fd = qmp_connect(instance->folder, "control.sock", &ignored);
    char *text = fd >= 0 ? control_ask(fd, "stats", CONTROL_TIMEOUT_MS, &ignored) : NULL;
    int64_t free_bytes;

    if (fd >= 0)
        close(fd);
    if (!text)
        return -1;
    stats->memory_total = control_figure(text, "soliton_memory_total_bytes", NULL, 1);
    free_bytes = control_figure(text, "soliton_memory_free_bytes", NULL, 1);
    if (free_bytes >= 0 && stats->memory_total >= free_bytes)
        stats->memory_used = stats->memory_total - free_bytes;
    stats->uptime_ns = control_figure(text, "soliton_uptime_seconds", NULL, NS_PER_S);
    stats->net_rx_bytes = control_figure(text, "soliton_network_receive_bytes_total", lo, 1);
    stats->net_tx_bytes = control_figure(text, "soliton_network_transmit_bytes_total", lo, 1);
    stats->disk_read_bytes = control_figure(text, "soliton_disk_read_bytes_total", NULL, 1);
    stats->disk_write_bytes = control_figure(text, "soliton_disk_written_bytes_total", NULL, 1);
    free(text);
    return 0;
}

static void disk_figures(struct provider_stats *stats, const struct instance *instance)
{
    struct err ignored;
    struct qmp qmp;
    json_t *reply;
    json_t *disk;
    size_t i;

    if (qmp_open(&qmp, instance->folder, "qmp.sock", &ignored) < 0)
        return;
    if (qmp_execute(&qmp, "query-blockstats", NULL, &reply, &ignored) == 0) {
        stats->disk_read_bytes = 0;
        stats->disk_write_bytes = 0;
        json_array_foreach(reply, i, disk)
        {
            const json_t *figures = json_object_get(disk, "stats");

            stats->disk_read_bytes += json_integer_value(json_object_get(figures, "rd_bytes"));
            stats->disk_write_bytes += json_integer_value(json_object_get(figures, "wr_bytes"));
        }
        json_decref(reply);
    }
    qmp_close(&qmp);
}

static void figures_take(struct provider_stats *stats, const struct instance *instance,
                         const struct vm_process *process)
{
    host_figures(stats, process->pid);
    if (guest_figures(stats, instance) < 0)
        disk_figures(stats, instance);
    if (stats->memory_total < 0)
        stats->memory_total = (int64_t)(instance->launch.memory_mib << 20);
    stats->cpu_count = (int64_t)instance->launch.cpus;
    if (stats->uptime_ns < 0)
        stats->uptime_ns = (time(NULL) - instance->started_s) * NS_PER_S;
}

int local_instance_stats(const char *name, struct provider_stats *stats, struct err *err)
{
    struct instance instance;
    struct vm_process process;
    int status = instance_read(&instance, name, err);

    memset(stats, 0xff, sizeof(*stats)); /* -1: not known. */
    if (status == 0 && !instance_is_alive(&instance, &process)) {
        status =
            err_set(err, "instance '%s' is not running\nhint: `ops instance start %s`", name, name);
    } else if (status == 0) {
        figures_take(stats, &instance, &process);
    }
    instance_fini(&instance);
    return status;
}
