/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of the control channel, from counts that stand still. */
#include "kernel/control/control.h"

#include "kernel/block/block.h"
#include "kernel/file/file.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/net/netdev.h"
#include "kernel/task/task.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

static struct netdev cards[] = { { .name = "lo" }, { .name = "eth0" } };
static struct block_device disks[] = {
    { .name = "vda",
      .stats = { .reads = 1, .read_bytes = 512, .writes = 2, .written_bytes = 1024 } },
    { .name = "vda1", .whole = &disks[0] },
};

void netdev_stats(const struct netdev *dev, struct netdev_stats *stats)
{
    static const struct netdev_stats of_eth0 = {
        .rx_packets = 1,
        .rx_bytes = 2,
        .rx_dropped = 3,
        .rx_errors = 4,
        .tx_packets = 5,
        .tx_bytes = 6,
        .tx_dropped = 7,
        .tx_errors = 8,
    };

    *stats = dev == &cards[1] ? of_eth0 : (struct netdev_stats){ 0 };
}

void page_counts(struct page_counts *counts)
{
    *counts = (struct page_counts){ .total = 1000, .free = 400 };
}

void heap_counts(struct heap_counts *counts)
{
    *counts = (struct heap_counts){ .bytes = 12345, .objects = 1 };
}

void page_cache_counts(u64 *pages, u64 *dirty)
{
    *pages = 50;
    *dirty = 0;
}

u32 task_count(void)
{
    return 3;
}

u64 file_count(void)
{
    return 7;
}

struct netdev *netdev_at(u32 index)
{
    return index >= 1 && index <= ARRAY_COUNT(cards) ? &cards[index - 1] : NULL;
}

struct block_device *block_at(u32 index)
{
    return index < ARRAY_COUNT(disks) ? &disks[index] : NULL;
}

static char text[8192];

static void ask(const char *line, size_t size)
{
    size_t len;

    fake_now_ns = 5000000042;
    fake_idle_ns = 3000000000;
    fake_cpu_count = 2;
    memset(text, '#', sizeof(text));
    len = control_answer(line, text, size);
    CHECK(len <= size);
    if (len < sizeof(text))
        text[len] = '\0';
}

static bool has_line(const char *line)
{
    const char *at = strstr(text, line);

    return at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

TEST(control, gives_the_figures_of_the_machine)
{
    static const char *const lines[] = {
        "# TYPE soliton_uptime_seconds gauge",
        "soliton_uptime_seconds 5.000000042",
        "soliton_memory_total_bytes 4096000",
        "soliton_memory_free_bytes 1638400",
        "soliton_memory_cached_bytes 204800",
        "soliton_memory_kernel_heap_bytes 12345",
        "# TYPE soliton_cpu_busy_seconds_total counter",
        "soliton_cpu_busy_seconds_total{cpu=\"0\"} 2.000000042",
        "soliton_cpu_busy_seconds_total{cpu=\"1\"} 2.000000042",
        "soliton_threads 3",
        "soliton_open_files 7",
        "soliton_network_receive_bytes_total{device=\"lo\"} 0",
        "soliton_network_receive_packets_total{device=\"eth0\"} 1",
        "soliton_network_receive_bytes_total{device=\"eth0\"} 2",
        "soliton_network_receive_drop_total{device=\"eth0\"} 3",
        "soliton_network_receive_errs_total{device=\"eth0\"} 4",
        "soliton_network_transmit_packets_total{device=\"eth0\"} 5",
        "soliton_network_transmit_bytes_total{device=\"eth0\"} 6",
        "soliton_network_transmit_drop_total{device=\"eth0\"} 7",
        "soliton_network_transmit_errs_total{device=\"eth0\"} 8",
        "soliton_disk_reads_total{device=\"vda\"} 1",
        "soliton_disk_read_bytes_total{device=\"vda\"} 512",
        "soliton_disk_writes_total{device=\"vda\"} 2",
        "soliton_disk_written_bytes_total{device=\"vda\"} 1024",
        "end",
    };

    ask("stats", sizeof(text));
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        CHECK(has_line(lines[i]));
    CHECK(!strstr(text, "vda1"));
    CHECK_EQ(strcmp(text + strlen(text) - 5, "\nend\n"), 0);
}

TEST(control, does_not_know_other_lines)
{
    static const char *const lines[] = { "", "stat", "stats ", "STATS", "stats\n" };

    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        ask(lines[i], sizeof(text));
        CHECK_EQ(strcmp(text, "error unknown request\n"), 0);
    }
}

TEST(control, leaves_out_whole_lines_when_there_is_no_room)
{
    for (size_t size = CONTROL_SIZE_MIN; size < 600; size++) {
        ask("stats", size);
        CHECK_EQ(text[size], '#');
        CHECK(strlen(text) >= 4 && strcmp(text + strlen(text) - 4, "end\n") == 0);
        CHECK(strlen(text) == 4 || text[strlen(text) - 5] == '\n');
    }
}
