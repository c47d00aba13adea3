/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/control/metrics.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/block/block.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/file/file.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/net/netdev.h"
#include "kernel/task/task.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

static void put_type(struct text *out, const char *name, const char *type)
{
    text_format(out, "# TYPE soliton_%s %s\n", name, type);
}

static void put_gauge(struct text *out, const char *name, u64 value)
{
    put_type(out, name, "gauge");
    text_format(out, "soliton_%s %llu\n", name, (unsigned long long)value);
}

static void put_seconds(struct text *out, u64 ns)
{
    text_format(out, " %llu.%09llu\n", (unsigned long long)(ns / NS_PER_SECOND),
                (unsigned long long)(ns % NS_PER_SECOND));
}

static void put_uptime(struct text *out, u64 now_ns)
{
    put_type(out, "uptime_seconds", "gauge");
    text_format(out, "soliton_uptime_seconds");
    put_seconds(out, now_ns);
}

static void put_memory(struct text *out)
{
    struct page_counts pages;
    struct heap_counts heap;
    u64 cached;
    u64 dirty;

    page_counts(&pages);
    heap_counts(&heap);
    page_cache_counts(&cached, &dirty);
    put_gauge(out, "memory_total_bytes", pages.total * PAGE_SIZE);
    put_gauge(out, "memory_free_bytes", pages.free * PAGE_SIZE);
    put_gauge(out, "memory_cached_bytes", cached * PAGE_SIZE);
    put_gauge(out, "memory_kernel_heap_bytes", heap.bytes);
}

static void put_cpus(struct text *out)
{
    put_type(out, "cpu_busy_seconds_total", "counter");
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        text_format(out, "soliton_cpu_busy_seconds_total{cpu=\"%u\"}", cpu);
        put_seconds(out, sched_busy_ns(cpu));
    }
}

/* The counter at `off` of a struct of counters. Relaxed: each stands for itself. */
static u64 load(const void *counters, size_t off)
{
    const u8 *at = counters;

    return __atomic_load_n((const u64 *)(at + off), __ATOMIC_RELAXED);
}

static void put_of_device(struct text *out, const char *name, const char *device, u64 value)
{
    text_format(out, "soliton_%s{device=\"%s\"} %llu\n", name, device, (unsigned long long)value);
}

static void put_network(struct text *out)
{
    static const struct {
        const char *name;
        size_t off;
    } counters[] = {
        { "network_receive_bytes_total", offsetof(struct netdev_stats, rx_bytes) },
        { "network_receive_packets_total", offsetof(struct netdev_stats, rx_packets) },
        { "network_receive_drop_total", offsetof(struct netdev_stats, rx_dropped) },
        { "network_receive_errs_total", offsetof(struct netdev_stats, rx_errors) },
        { "network_transmit_bytes_total", offsetof(struct netdev_stats, tx_bytes) },
        { "network_transmit_packets_total", offsetof(struct netdev_stats, tx_packets) },
        { "network_transmit_drop_total", offsetof(struct netdev_stats, tx_dropped) },
        { "network_transmit_errs_total", offsetof(struct netdev_stats, tx_errors) },
    };

    for (u32 i = 0; i < ARRAY_COUNT(counters); i++) {
        put_type(out, counters[i].name, "counter");
        for (u32 index = 1; netdev_at(index); index++) {
            const struct netdev *dev = netdev_at(index);
            struct netdev_stats stats;

            netdev_stats(dev, &stats);
            put_of_device(out, counters[i].name, dev->name, load(&stats, counters[i].off));
        }
    }
}

static void put_disks(struct text *out)
{
    static const struct {
        const char *name;
        size_t off;
    } counters[] = {
        { "disk_read_bytes_total", offsetof(struct block_stats, read_bytes) },
        { "disk_reads_total", offsetof(struct block_stats, reads) },
        { "disk_written_bytes_total", offsetof(struct block_stats, written_bytes) },
        { "disk_writes_total", offsetof(struct block_stats, writes) },
    };

    for (u32 i = 0; i < ARRAY_COUNT(counters); i++) {
        put_type(out, counters[i].name, "counter");
        for (u32 index = 0; block_at(index); index++) {
            const struct block_device *disk = block_at(index);

            if (disk->whole)
                continue; /* A partition: its disk counts. */
            put_of_device(out, counters[i].name, disk->name, load(&disk->stats, counters[i].off));
        }
    }
}

void metrics_put(struct text *out)
{
    u64 now_ns = clock_now_ns();

    put_uptime(out, now_ns);
    put_memory(out);
    put_cpus(out);
    put_gauge(out, "threads", task_count());
    put_gauge(out, "open_files", file_count());
    put_network(out);
    put_disks(out);
}
