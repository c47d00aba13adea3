/* SPDX-License-Identifier: Apache-2.0 */
/* /sys: lists of CPUs, huge pages, network devices, and limits of memory where there are any. */
#include "test/abi/abi.h"

#include <dirent.h>

static char text[4096];

/* How many CPUs a list such as `0-3,8` names; -1 if it is none. */
static int cpus_in(const char *path)
{
    const char *at = text;
    int count = 0;

    if (abi_slurp(path, text, sizeof(text)) <= 0)
        return -1;
    while (*at && *at != '\n') {
        char *end;
        long from = strtol(at, &end, 10);
        long to = from;

        if (end == at)
            return -1;
        if (*end == '-')
            to = strtol(end + 1, &end, 10);
        count += (int)(to - from + 1);
        at = *end == ',' ? end + 1 : end;
    }
    return count;
}

static int numbered(const char *dir, const char *prefix)
{
    DIR *open_dir = opendir(dir);
    struct dirent *entry;
    size_t len = strlen(prefix);
    int count = 0;

    EXPECT(open_dir);
    if (!open_dir)
        return -1;
    for (entry = readdir(open_dir); entry; entry = readdir(open_dir)) {
        char next = entry->d_name[strlen(entry->d_name) < len ? 0 : len];

        count += strncmp(entry->d_name, prefix, len) == 0 && next >= '0' && next <= '9';
    }
    closedir(open_dir);
    return count;
}

static void memory_limits(void)
{
    if (abi_slurp("/sys/fs/cgroup/memory.max", text, sizeof(text)) > 0) {
        EXPECT(strcmp(text, "max\n") == 0 || strtoll(text, NULL, 10) > 0);
    } else {
        EXPECT(errno == ENOENT);
    }
    if (abi_slurp("/sys/fs/cgroup/memory/memory.limit_in_bytes", text, sizeof(text)) > 0) {
        EXPECT(strtoll(text, NULL, 10) > 0);
    } else {
        EXPECT(errno == ENOENT || errno == ENOTDIR);
    }
}

int main(void)
{
    struct stat st;

    EXPECT_EQ(cpus_in("/sys/devices/system/cpu/online"), sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT(cpus_in("/sys/devices/system/cpu/possible") >= sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT(cpus_in("/sys/devices/system/cpu/present") >= sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT_EQ(numbered("/sys/devices/system/cpu", "cpu"), sysconf(_SC_NPROCESSORS_CONF));
    EXPECT(stat("/sys/devices/system/cpu/cpu0", &st) == 0 && S_ISDIR(st.st_mode));
    memory_limits();
    EXPECT_ERRNO(open("/sys/absent", O_RDONLY), ENOENT);
    EXPECT(open("/sys/new", O_RDWR | O_CREAT, 0600) == -1);
    return abi_done();
}
