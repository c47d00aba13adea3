/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine is, and what it does not let the program do. */
#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/thread.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/task/hostname.h"
#include "kernel/task/task.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    RANDOM_CHUNK = 256,
    GRND_NONBLOCK = 1,
    GRND_RANDOM = 2,
    GRND_INSECURE = 4,
};

struct abi_utsname {
    char sysname[HOSTNAME_SIZE];
    char nodename[HOSTNAME_SIZE];
    char release[HOSTNAME_SIZE];
    char version[HOSTNAME_SIZE];
    char machine[HOSTNAME_SIZE];
    char domainname[HOSTNAME_SIZE];
};

long sys_uname(uaddr_t to)
{
    struct abi_utsname name;

    mem_zero(&name, sizeof(name));
    str_copy(name.sysname, sizeof(name.sysname), "Linux");
    str_copy(name.release, sizeof(name.release), KERNEL_RELEASE);
    str_copy(name.version, sizeof(name.version), KERNEL_VERSION);
    str_copy(name.machine, sizeof(name.machine), "x86_64");
    hostname_get(name.nodename);
    domainname_get(name.domainname);
    return copy_out(to, &name, sizeof(name));
}

static long name_change(uaddr_t from, int len, int (*set)(const char *name, size_t len))
{
    char name[HOSTNAME_SIZE];
    int err;

    if (len < 0 || len >= HOSTNAME_SIZE)
        return -EINVAL;
    err = copy_in(name, from, (size_t)len);
    return err < 0 ? err : set(name, (size_t)len);
}

long sys_sethostname(uaddr_t name, int len)
{
    return name_change(name, len, hostname_set);
}

long sys_setdomainname(uaddr_t name, int len)
{
    return name_change(name, len, domainname_set);
}

struct abi_sysinfo {
    s64 uptime;
    u64 loads[3];
    u64 ram;
    u64 ram_free;
    u64 ram_shared;
    u64 ram_buffers;
    u64 swap;
    u64 swap_free;
    u16 processes;
    u16 padding;
    u64 high;
    u64 high_free;
    u32 unit;
};
static_assert(sizeof(struct abi_sysinfo) == 112, "sysinfo(2)");

long sys_sysinfo(uaddr_t to)
{
    struct abi_sysinfo info;
    struct page_counts counts;

    page_counts(&counts);
    mem_zero(&info, sizeof(info));
    info.uptime = (s64)(clock_now_ns() / NS_PER_SECOND);
    info.ram = counts.total * PAGE_SIZE;
    info.ram_free = counts.free * PAGE_SIZE;
    info.processes = (u16)u32_min(task_count(), UINT16_MAX);
    info.unit = 1;
    return copy_out(to, &info, sizeof(info));
}

long sys_getrandom(uaddr_t buffer, size_t size, u32 flags)
{
    u8 bytes[RANDOM_CHUNK];
    size_t done = 0;

    if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    size = size_min(size, INT32_MAX);
    while (done < size) {
        size_t some = size_min(size - done, sizeof(bytes));

        random_bytes(bytes, some);
        if (copy_out(buffer + done, bytes, some) < 0)
            return done > 0 ? (long)done : -EFAULT;
        done += some;
        sched_yield_if_due();
        if (done < size && task_interrupted())
            break; /* Only large requests come here; Linux lets signals end those as well. */
    }
    mem_zero(bytes, sizeof(bytes));
    return (long)done;
}

long sys_syslog(int type, uaddr_t buffer, int size)
{
    (void)buffer;
    (void)size;
    return type < 0 || type > 10 ? -EINVAL : 0;
}

long sys_reboot(int magic1, int magic2, u32 command, uaddr_t arg)
{
    (void)magic1;
    (void)magic2;
    (void)command;
    (void)arg;
    return -EPERM;
}

long sys_mount(uaddr_t source, uaddr_t target, uaddr_t type, u64 flags, uaddr_t data)
{
    (void)source;
    (void)target;
    (void)type;
    (void)flags;
    (void)data;
    return -EPERM;
}

long sys_umount2(uaddr_t target, int flags)
{
    (void)target;
    (void)flags;
    return -EPERM;
}

long sys_pivot_root(uaddr_t new_root, uaddr_t put_old)
{
    (void)new_root;
    (void)put_old;
    return -EPERM;
}

long sys_swapon(uaddr_t path, int flags)
{
    (void)path;
    (void)flags;
    return -EPERM;
}

long sys_swapoff(uaddr_t path)
{
    (void)path;
    return -EPERM;
}

long sys_init_module(uaddr_t image, u64 size, uaddr_t values)
{
    (void)image;
    (void)size;
    (void)values;
    return -EPERM;
}

long sys_finit_module(int fd, uaddr_t values, int flags)
{
    (void)fd;
    (void)values;
    (void)flags;
    return -EPERM;
}

long sys_delete_module(uaddr_t name, u32 flags)
{
    (void)name;
    (void)flags;
    return -EPERM;
}

long sys_acct(uaddr_t path)
{
    (void)path;
    return -EPERM;
}

long sys_iopl(u32 level)
{
    return level > 3 ? -EINVAL : -EPERM;
}

long sys_ioperm(u64 from, u64 count, int on)
{
    (void)from;
    (void)count;
    (void)on;
    return -EPERM;
}

long sys_vhangup(void)
{
    return -EPERM;
}

long sys_bpf(int command, uaddr_t attr, u32 size)
{
    (void)command;
    (void)attr;
    (void)size;
    return -EPERM;
}

long sys_perf_event_open(uaddr_t attr, int pid, int cpu, int group, u64 flags)
{
    (void)attr;
    (void)pid;
    (void)cpu;
    (void)group;
    (void)flags;
    return -EPERM;
}
