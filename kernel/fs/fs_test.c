/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc and /dev as a program meets them; and the facts /proc tells, which are the test's own here.
 */
#include "kernel/fs/fs.h"

#include "abi/linux/errors.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/stat.h"
#include "kernel/arch/boot_info.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/thread.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/devfs/devfs.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

u32 sched_thread_count(void)
{
    return 3;
}

u32 sched_runnable_count(void)
{
    return 1;
}

u64 sched_switch_count(void)
{
    return 12;
}

u64 irq_count(u32 cpu)
{
    return 5 + cpu;
}

void sched_load_averages(u32 loads[3])
{
    loads[0] = 65536 + 32768;
    loads[1] = 0;
    loads[2] = 655;
}

void cpu_info_emit(u32 cpu, void (*put)(void *arg, const char *text, size_t len), void *arg)
{
    (void)cpu;
    put(arg, "processor\n", 10);
}

static void boot(void)
{
    fdtable_init(current_fdtable());
    fs_init();
    CHECK_EQ(path_mount_root(tmpfs_create(1 << 20), "root"), 0);
    CHECK_EQ(path_mount("/proc", procfs_create(), "proc"), 0);
    CHECK_EQ(path_mount("/sys", sysfs_create(), "sysfs"), 0);
    CHECK_EQ(path_mount("/dev", devfs_create(), "dev"), 0);
    CHECK_EQ(path_mount("/dev/shm", tmpfs_create(1 << 20), "tmpfs"), 0);
}

const struct boot_info *boot_info(void)
{
    static const struct boot_info info = { .command_line = "log=debug" };

    return &info;
}

static const char *text_of(const char *path)
{
    static char text[4096];
    struct file *file;
    struct iter iter;
    long len;

    if (path_open(NULL, path, O_RDONLY, 0, &file) < 0)
        return "none";
    iter_init_kernel(&iter, text, sizeof(text) - 1);
    len = file_read(file, &iter, NULL);
    CHECK(len >= 0);
    text[len] = '\0';
    CHECK_EQ(file_read(file, &iter, NULL), 0);
    file_put(file);
    return text;
}

TEST(procfs, leads_from_self_to_the_process)
{
    char target[16];
    struct path_node *self;
    struct path_node *process;

    boot();
    CHECK_EQ(path_find(NULL, "/proc/self", PATH_NOFOLLOW, &self), 0);
    CHECK_EQ(path_node_inode(self)->mode, S_IFLNK | 0777);
    CHECK_EQ(path_node_inode(self)->ops->readlink(path_node_inode(self), target, sizeof(target)),
             1);
    CHECK_EQ(target[0], '1');
    path_node_put(self);
    CHECK_EQ(path_find(NULL, "/proc/self", 0, &self), 0);
    CHECK_EQ(path_find(NULL, "/proc/1", PATH_NOFOLLOW, &process), 0);
    CHECK(path_node_inode(self) == path_node_inode(process));
    path_node_put(self);
    path_node_put(process);
}

TEST(procfs, says_what_it_was_told)
{
    boot();
    CHECK(strcmp(text_of("/proc/loadavg"), "1.50 0.00 0.00 1/3 1\n") == 0);
    CHECK(strcmp(text_of("/proc/cpuinfo"), "processor\n") == 0);
    CHECK(strncmp(text_of("/proc/meminfo"), "MemTotal: ", 10) == 0);
    CHECK(strcmp(text_of("/sys/devices/system/cpu/online"), "0\n") == 0);
    CHECK(strcmp(text_of("/proc/mounts"), "root / tmpfs rw,relatime 0 0\n"
                                          "proc /proc proc rw,relatime 0 0\n"
                                          "sysfs /sys sysfs rw,relatime 0 0\n"
                                          "dev /dev devtmpfs rw,relatime 0 0\n"
                                          "tmpfs /dev/shm tmpfs rw,relatime 0 0\n") == 0);
    CHECK(strncmp(text_of("/proc/self/mounts"), "root / ", 7) == 0);
    CHECK(strcmp(text_of("/proc/cmdline"), "log=debug\n") == 0);
    CHECK_EQ(strlen(text_of("/proc/sys/kernel/random/uuid")), 37);
    CHECK(strcmp(text_of("/proc/nothing"), "none") == 0);
}

static bool count_entry(void *arg, const char *name, u32 name_len, u64 ino, u64 next_off, u8 type)
{
    u32 *count = arg;

    (void)name;
    (void)name_len;
    (void)ino;
    (void)next_off;
    (void)type;
    (*count)++;
    return true;
}

TEST(procfs, shows_open_descriptors_and_opens_them_again)
{
    struct file *file;
    struct file *again;
    u32 count = 0;

    boot();
    CHECK_EQ(path_open(NULL, "/f", O_CREAT | O_RDWR, 0600, &file), 0);
    CHECK_EQ(fdtable_insert(current_fdtable(), file, 0, false), 0);
    CHECK_EQ(path_open(NULL, "/proc/self/fd/0", O_RDONLY, 0, &again), 0);
    CHECK(again != file && again->inode == file->inode);
    file_put(again);
    CHECK_EQ(path_open(NULL, "/dev/stdin", O_RDONLY, 0, &again), 0);
    file_put(again);
    CHECK_EQ(path_open(NULL, "/dev/stdout", O_WRONLY, 0, &again), -ENOENT);
    CHECK_EQ(path_open(NULL, "/proc/self/fd", O_RDONLY, 0, &again), 0);
    CHECK_EQ(again->ops->list(again, 0, count_entry, &count), 0);
    CHECK_EQ(count, 3);
    file_put(again);
    fdtable_close_all(current_fdtable());
    CHECK_EQ(file_count(), 0);
}

TEST(devfs, has_devices_that_do_what_they_are_for)
{
    struct file *file;
    struct iter iter;
    char bytes[64];

    boot();
    CHECK(strcmp(text_of("/dev/null"), "") == 0);
    CHECK_EQ(path_open(NULL, "/dev/zero", O_RDWR, 0, &file), 0);
    memset(bytes, 'x', sizeof(bytes));
    iter_init_kernel(&iter, bytes, sizeof(bytes));
    CHECK_EQ(file_read(file, &iter, NULL), sizeof(bytes));
    CHECK_EQ(bytes[0] | bytes[63], 0);
    file_put(file);
    CHECK_EQ(path_open(NULL, "/dev/full", O_WRONLY, 0, &file), 0);
    iter_init_kernel(&iter, bytes, sizeof(bytes));
    CHECK_EQ(file_write(file, &iter, NULL), -ENOSPC);
    file_put(file);
    CHECK_EQ(path_open(NULL, "/dev/urandom", O_RDONLY, 0, &file), 0);
    iter_init_kernel(&iter, bytes, sizeof(bytes));
    CHECK_EQ(file_read(file, &iter, NULL), sizeof(bytes));
    file_put(file);
    CHECK_EQ(path_open(NULL, "/dev/tty", O_RDWR, 0, &file), -ENXIO);
    CHECK_EQ(path_open(NULL, "/dev/shm/x", O_CREAT | O_RDWR, 0600, &file), 0);
    file_put(file);
}
