/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: what programs and runtimes read about the machine. */
#include "test/abi/abi.h"

#include <linux/sysinfo.h>
#include <sys/sysinfo.h>

/* NOLINTBEGIN(cert-err34-c): what sscanf found is counted, and large numbers are nobody's here. */
static char text[262144];

static bool mentions(const char *path, const char *what)
{
    const char *found;

    EXPECT(abi_slurp(path, text, sizeof(text)) >= 0);
    found = strstr(text, what);
    if (!found)
        printf("%s does not mention %s\n", path, what);
    return found;
}

static int count_of(const char *path, const char *what)
{
    const char *at;
    int count = 0;

    EXPECT(abi_slurp(path, text, sizeof(text)) > 0);
    for (at = strstr(text, what); at; at = strstr(at + 1, what))
        count++;
    return count;
}

/* The number behind `name` in what was read last. */
static unsigned long long number_after(const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void memory_and_cpus(void)
{
    struct sysinfo info;
    unsigned long total = 0;
    unsigned long available = 0;
    const char *at;
    double up = 0;
    double idle = 0;

    EXPECT_EQ(sysinfo(&info), 0);
    EXPECT(mentions("/proc/meminfo", "MemTotal:"));
    EXPECT_EQ(sscanf(text, "MemTotal: %lu kB", &total), 1);
    EXPECT(total == info.totalram * info.mem_unit / 1024);
    at = strstr(text, "MemAvailable:");
    EXPECT(at && sscanf(at, "MemAvailable: %lu kB", &available) == 1 && available <= total);
    EXPECT(strstr(text, "MemFree:") && strstr(text, "Cached:") && strstr(text, "SwapTotal:"));
    EXPECT(strstr(text, "Buffers:") && strstr(text, "HugePages_Total:"));

    EXPECT_EQ(count_of("/proc/cpuinfo", "processor\t:"), sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT(strstr(text, "model name\t:") && strstr(text, "flags\t\t:") && strstr(text, " sse2 "));
    EXPECT(strstr(text, "cpu MHz\t\t:"));
    EXPECT(mentions("/proc/stat", "cpu "));
    EXPECT(strstr(text, "cpu0 ") && strstr(text, "btime "));
    EXPECT(number_after("intr ") > 0 && number_after("ctxt ") > 0);
    EXPECT(abi_slurp("/proc/uptime", text, sizeof(text)) > 0);
    EXPECT_EQ(sscanf(text, "%lf %lf", &up, &idle), 2);
    EXPECT(up > 0 && up <= (double)abi_ns(CLOCK_BOOTTIME) / 1e9 + 1);
    EXPECT(abi_slurp("/proc/loadavg", text, sizeof(text)) > 0);
    EXPECT_EQ(sscanf(text, "%lf %lf", &up, &idle), 2);
}

static void kernel(void)
{
    struct utsname name;
    char line[300];
    int number = 0;

    EXPECT_EQ(uname(&name), 0);
    EXPECT(mentions("/proc/version", "Linux version "));
    snprintf(line, sizeof(line), "%s\n", name.release);
    EXPECT(abi_holds("/proc/sys/kernel/osrelease", line));
    snprintf(line, sizeof(line), "%s\n", name.nodename);
    EXPECT(abi_holds("/proc/sys/kernel/hostname", line));
    EXPECT(abi_holds("/proc/sys/kernel/ostype", "Linux\n"));
    EXPECT(abi_slurp("/proc/sys/kernel/pid_max", text, sizeof(text)) > 0);
    EXPECT(sscanf(text, "%d", &number) == 1 && number >= getpid());
    EXPECT(abi_slurp("/proc/sys/net/core/somaxconn", text, sizeof(text)) > 0);
    EXPECT(sscanf(text, "%d", &number) == 1 && number >= 128);
    EXPECT(abi_slurp("/proc/sys/vm/overcommit_memory", text, sizeof(text)) > 0);
    EXPECT(sscanf(text, "%d", &number) == 1 && number >= 0 && number <= 2);
    EXPECT(abi_slurp("/proc/sys/vm/max_map_count", text, sizeof(text)) > 0);
    EXPECT(abi_slurp("/proc/sys/fs/file-max", text, sizeof(text)) > 0);
    EXPECT(abi_slurp("/proc/sys/fs/nr_open", text, sizeof(text)) > 0);
    EXPECT(abi_slurp("/proc/cmdline", text, sizeof(text)) > 0);
}

static void uuids_differ(void)
{
    char first[64] = "";
    char second[64] = "";

    EXPECT_EQ(abi_slurp("/proc/sys/kernel/random/uuid", first, sizeof(first)), 37);
    EXPECT_EQ(abi_slurp("/proc/sys/kernel/random/uuid", second, sizeof(second)), 37);
    EXPECT(strcmp(first, second) != 0);
    EXPECT(first[8] == '-' && first[13] == '-' && first[14] == '4' && first[36] == '\n');
    EXPECT_EQ(abi_slurp("/proc/sys/kernel/random/boot_id", first, sizeof(first)), 37);
    EXPECT_EQ(abi_slurp("/proc/sys/kernel/random/boot_id", second, sizeof(second)), 37);
    EXPECT(strcmp(first, second) == 0);
    EXPECT(abi_slurp("/proc/sys/kernel/random/entropy_avail", text, sizeof(text)) > 0);
}

static void filesystems_and_network(void)
{
    EXPECT(mentions("/proc/filesystems", "nodev\tproc\n"));
    EXPECT(strstr(text, "\text4\n") && strstr(text, "nodev\ttmpfs\n"));
    EXPECT(mentions("/proc/mounts", " /proc proc "));
    EXPECT(strstr(text, " /dev/shm tmpfs "));
    EXPECT(mentions("/proc/net/dev", "lo:"));
    EXPECT(mentions("/proc/net/tcp", "local_address"));
    EXPECT(mentions("/proc/net/udp", "local_address"));
    EXPECT(mentions("/proc/net/route", "Destination"));
    EXPECT(mentions("/proc/net/unix", "Inode"));
    EXPECT(mentions("/proc/net/sockstat", "sockets: used"));
    EXPECT(mentions("/proc/net/snmp", "Tcp:"));
}

/* Read a few bytes at a time it is the same text as read at once. */
static void small_reads(void)
{
    static char whole[65536];
    static char pieces[65536];
    ssize_t len = abi_slurp("/proc/filesystems", whole, sizeof(whole));
    int fd = open("/proc/filesystems", O_RDONLY);
    ssize_t at = 0;
    ssize_t got = 1;

    while (got > 0 && at < (ssize_t)sizeof(pieces) - 7) {
        got = read(fd, pieces + at, 7);
        at += got > 0 ? got : 0;
    }
    EXPECT_EQ(at, len);
    EXPECT(memcmp(whole, pieces, (size_t)len) == 0);
    EXPECT_EQ(pread(fd, pieces, 4, 3), 4);
    EXPECT(memcmp(whole + 3, pieces, 4) == 0);
    EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
    EXPECT_EQ(read(fd, pieces, 4), 4);
    EXPECT(memcmp(whole, pieces, 4) == 0);
    close(fd);
}

int main(void)
{
    memory_and_cpus();
    kernel();
    uuids_differ();
    filesystems_and_network();
    small_reads();
    return abi_done();
}
/* NOLINTEND(cert-err34-c) */
