/* SPDX-License-Identifier: Apache-2.0 */
/* The process: its ids, what it may use and has used, and the processes it cannot make. */
#include "abi/linux/errors.h"
#include "abi/linux/time.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/sys/timespec.h"
#include "kernel/task/clone.h"
#include "kernel/task/limits.h"
#include "kernel/task/task.h"
#include "kernel/vm/vm.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

long sys_getpid(void)
{
    return PROGRAM_PID;
}

/* Linux' answer to the first process of a pid namespace. */
long sys_getppid(void)
{
    return 0;
}

long sys_getpgrp(void)
{
    return PROGRAM_PID;
}

static long own_id(int pid)
{
    return pid == 0 || pid == PROGRAM_PID ? PROGRAM_PID : -ESRCH;
}

long sys_getpgid(int pid)
{
    return own_id(pid);
}

long sys_getsid(int pid)
{
    return own_id(pid);
}

long sys_setpgid(int pid, int group)
{
    if (group < 0)
        return -EINVAL;
    if (own_id(pid) < 0)
        return -ESRCH;
    return -EPERM; /* It leads its session already. */
}

long sys_setsid(void)
{
    return -EPERM; /* It leads its group already. */
}

/* [atomic] Who the program says it is. */
struct ids {
    u32 real;
    u32 effective;
    u32 saved;
};

static struct ids user;
static struct ids group;

enum {
    ID_KEEP = -1,
};

/* NOLINTNEXTLINE(readability-non-const-parameter): clang-tidy 14 does not see atomics write. */
static void id_set(u32 *id, u32 value)
{
    if (value != (u32)ID_KEEP)
        __atomic_store_n(id, value, __ATOMIC_RELAXED);
}

static u32 id_get(const u32 *id)
{
    return __atomic_load_n(id, __ATOMIC_RELAXED);
}

static bool id_may_be(const struct ids *ids, u32 value)
{
    return value == (u32)ID_KEEP || id_get(&user.effective) == 0 || value == id_get(&ids->real) ||
           value == id_get(&ids->effective) || value == id_get(&ids->saved);
}

static long ids_set(struct ids *ids, u32 real, u32 effective, u32 saved)
{
    if (!id_may_be(ids, real) || !id_may_be(ids, effective) || !id_may_be(ids, saved))
        return -EPERM;
    id_set(&ids->real, real);
    id_set(&ids->saved, saved);
    id_set(&ids->effective, effective);
    return 0;
}

/* setuid(): root changes all three, others the effective one. */
static long id_become(struct ids *ids, u32 id)
{
    if (id == (u32)ID_KEEP)
        return -EINVAL;
    if (id_get(&user.effective) == 0)
        return ids_set(ids, id, id, id);
    return ids_set(ids, (u32)ID_KEEP, id, (u32)ID_KEEP);
}

/* setreuid(): the saved one follows the effective one. */
static long ids_change(struct ids *ids, u32 real, u32 effective)
{
    bool saves =
        real != (u32)ID_KEEP || (effective != (u32)ID_KEEP && effective != id_get(&ids->real));

    return ids_set(ids, real, effective, saves ? effective : (u32)ID_KEEP);
}

static long ids_copy_out(const struct ids *ids, uaddr_t real_at, uaddr_t effective_at,
                         uaddr_t saved_at)
{
    u32 real = id_get(&ids->real);
    u32 effective = id_get(&ids->effective);
    u32 saved = id_get(&ids->saved);
    int err = copy_out(real_at, &real, sizeof(real));

    if (err == 0)
        err = copy_out(effective_at, &effective, sizeof(effective));
    return err < 0 ? err : copy_out(saved_at, &saved, sizeof(saved));
}

long sys_getuid(void)
{
    return id_get(&user.real);
}

long sys_geteuid(void)
{
    return id_get(&user.effective);
}

long sys_getgid(void)
{
    return id_get(&group.real);
}

long sys_getegid(void)
{
    return id_get(&group.effective);
}

long sys_setuid(u32 uid)
{
    return id_become(&user, uid);
}

long sys_setgid(u32 gid)
{
    return id_become(&group, gid);
}

long sys_setreuid(u32 uid, u32 effective)
{
    return ids_change(&user, uid, effective);
}

long sys_setregid(u32 gid, u32 effective)
{
    return ids_change(&group, gid, effective);
}

long sys_setresuid(u32 uid, u32 effective, u32 saved)
{
    return ids_set(&user, uid, effective, saved);
}

long sys_setresgid(u32 gid, u32 effective, u32 saved)
{
    return ids_set(&group, gid, effective, saved);
}

long sys_getresuid(uaddr_t uid, uaddr_t effective, uaddr_t saved)
{
    return ids_copy_out(&user, uid, effective, saved);
}

long sys_getresgid(uaddr_t gid, uaddr_t effective, uaddr_t saved)
{
    return ids_copy_out(&group, gid, effective, saved);
}

/* These return what it was before, and have no errors. */
long sys_setfsuid(u32 uid)
{
    (void)uid;
    return id_get(&user.effective);
}

long sys_setfsgid(u32 gid)
{
    (void)gid;
    return id_get(&group.effective);
}

enum {
    GROUPS_MAX = 65536, /* NGROUPS_MAX of Linux: what may be asked. */
    GROUPS_KEPT = 256,  /* What we remember. */
};

/* [atomic] A reader beside a writer may see some of each. */
static u32 groups_kept[GROUPS_KEPT];
static int groups_count;

long sys_getgroups(int count, uaddr_t groups)
{
    int kept = __atomic_load_n(&groups_count, __ATOMIC_RELAXED);
    int err;

    if (count == 0)
        return kept;
    if (count < kept)
        return -EINVAL;
    err = copy_out(groups, groups_kept, (size_t)kept * sizeof(groups_kept[0]));
    return err < 0 ? err : kept;
}

long sys_setgroups(int count, uaddr_t groups)
{
    int err;

    if (count < 0 || count > GROUPS_MAX)
        return -EINVAL;
    if (count > GROUPS_KEPT)
        return -ENOMEM;
    err = copy_in(groups_kept, groups, (size_t)count * sizeof(groups_kept[0]));
    if (err == 0)
        __atomic_store_n(&groups_count, count, __ATOMIC_RELAXED);
    return err;
}

#define CAPABILITY_VERSION_1 0x19980330u
#define CAPABILITY_VERSION_2 0x20071026u
#define CAPABILITY_VERSION_3 0x20080522u

/*
 * How many 32-bit halves the version in `*header` has; writes the one we prefer for an unknown one.
 */
static int capability_halves(uaddr_t header, u32 *halves)
{
    u32 version;
    u32 preferred = CAPABILITY_VERSION_3;
    int err = copy_in(&version, header, sizeof(version));

    if (err < 0)
        return err;
    *halves = version == CAPABILITY_VERSION_1 ? 1 : 2;
    if (version == CAPABILITY_VERSION_1 || version == CAPABILITY_VERSION_2 ||
        version == CAPABILITY_VERSION_3)
        return 0;
    err = copy_out(header, &preferred, sizeof(preferred));
    return err < 0 ? err : -EINVAL;
}

long sys_capget(uaddr_t header, uaddr_t data)
{
    static const u32 all[2] = { UINT32_MAX, 0x1ff }; /* Up to CAP_CHECKPOINT_RESTORE. */
    u32 words[6];
    u32 halves;
    s32 pid;
    int err = capability_halves(header, &halves);

    if (err < 0)
        return data == 0 && err == -EINVAL ? 0 : err;
    err = copy_in(&pid, header + sizeof(u32), sizeof(pid));
    if (err < 0 || data == 0)
        return err;
    if (own_id(pid) < 0)
        return pid < 0 ? -EINVAL : -ESRCH;
    for (size_t i = 0; i < 2; i++) {
        words[i * 3] = all[i];     /* Effective. */
        words[i * 3 + 1] = all[i]; /* Permitted. */
        words[i * 3 + 2] = 0;      /* Inheritable. */
    }
    return copy_out(data, words, halves * 3ul * sizeof(u32));
}

long sys_capset(uaddr_t header, uaddr_t data)
{
    u32 words[6];
    u32 halves;
    int err = capability_halves(header, &halves);

    return err < 0 ? err : copy_in(words, data, halves * 3ul * sizeof(u32));
}

long sys_prlimit64(int pid, u32 resource, uaddr_t new_at, uaddr_t old_at)
{
    struct rlimit old;
    struct rlimit limit;
    int err;

    if (pid != 0 && pid != PROGRAM_PID)
        return -ESRCH;
    err = limit_get(resource, &old);
    if (err == 0 && new_at != 0)
        err = copy_in(&limit, new_at, sizeof(limit));
    if (err == 0 && new_at != 0)
        err = limit_set(resource, &limit);
    return err == 0 && old_at != 0 ? copy_out(old_at, &old, sizeof(old)) : err;
}

long sys_getrlimit(u32 resource, uaddr_t limit)
{
    struct rlimit value;
    int err = limit_get(resource, &value);

    return err < 0 ? err : copy_out(limit, &value, sizeof(value));
}

long sys_setrlimit(u32 resource, uaddr_t limit)
{
    return limit == 0 ? -EFAULT : sys_prlimit64(0, resource, limit, 0);
}

enum {
    RUSAGE_CHILDREN = -1,
    RUSAGE_SELF = 0,
    RUSAGE_THREAD = 1,
};

struct abi_rusage {
    struct abi_timeval user;
    struct abi_timeval system;
    u64 resident_kib;
    u64 unused1[3];
    u64 faults_minor;
    u64 faults_major;
    u64 unused2[6];
    u64 switches;
    u64 preemptions;
};
static_assert(sizeof(struct abi_rusage) == 144, "getrusage(2)");

static bool switches_add(void *arg, struct task *task)
{
    struct abi_rusage *usage = arg;

    usage->switches += task->thread.switches;
    usage->preemptions += task->thread.preemptions;
    return true;
}

long sys_getrusage(int who, uaddr_t usage_at)
{
    struct abi_rusage usage;
    struct vm_counts counts;
    u64 runtime_ns = 0;

    if (who != RUSAGE_SELF && who != RUSAGE_THREAD && who != RUSAGE_CHILDREN)
        return -EINVAL;
    mem_zero(&usage, sizeof(usage));
    if (who == RUSAGE_SELF) {
        runtime_ns = task_runtime_ns();
        task_for_each(switches_add, &usage);
    } else if (who == RUSAGE_THREAD) {
        runtime_ns = sched_runtime_ns(thread_current());
        (void)switches_add(&usage, task_current());
    }
    if (who != RUSAGE_CHILDREN) {
        vm_counts(&counts);
        usage.resident_kib = counts.resident_pages * 4;
        usage.faults_minor = counts.faults_minor;
        usage.faults_major = counts.faults_major;
    }
    usage.user = timeval_from_ns(runtime_ns); /* The kernel's part is not counted apart. */
    return copy_out(usage_at, &usage, sizeof(usage));
}

long sys_personality(u64 persona)
{
    /* PER_LINUX, and the bits that change nothing here (no randomisation, compatible layout). */
    return persona == 0xffffffff || (persona & 0xff) == 0 ? 0 : -EINVAL;
}

long sys_fork(void)
{
    return fork_refuse("fork");
}

long sys_vfork(void)
{
    return fork_refuse("vfork");
}

static long exec_refuse(uaddr_t path)
{
    static bool said; /* [atomic] */
    char text[64];

    if (__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
        return -EPERM;
    if (copy_in_text(text, path, sizeof(text)) < 0)
        text[0] = '\0';
    log_warn("program: exec of '%s' refused, this machine runs one program", text);
    return -EPERM;
}

long sys_execve(uaddr_t path, uaddr_t args, uaddr_t envs)
{
    (void)args;
    (void)envs;
    return exec_refuse(path);
}

long sys_execveat(int fd, uaddr_t path, uaddr_t args, uaddr_t envs, int flags)
{
    (void)fd;
    (void)args;
    (void)envs;
    (void)flags;
    return exec_refuse(path);
}

long sys_wait4(int pid, uaddr_t status, int options, uaddr_t usage)
{
    u32 known = 0xe000000bu; /* WNOHANG, WUNTRACED, WCONTINUED, __WNOTHREAD, __WALL, __WCLONE */

    (void)pid;
    (void)status;
    (void)usage;
    return (u32)options & ~known ? -EINVAL : -ECHILD;
}

long sys_waitid(int type, int id, uaddr_t info, int options, uaddr_t usage)
{
    u32 known = 0xe100000fu; /* And WNOWAIT, WEXITED. */
    u32 wanted = 0x0000000eu;

    (void)id;
    (void)info;
    (void)usage;
    if (type < 0 || type > 3 || (u32)options & ~known || ((u32)options & wanted) == 0)
        return -EINVAL;
    return -ECHILD;
}

long sys_seccomp(u32 operation, u32 flags, uaddr_t args)
{
    (void)operation;
    (void)flags;
    (void)args;
    return -EINVAL;
}

long sys_ptrace(long request, long pid, u64 address, u64 data)
{
    (void)request;
    (void)pid;
    (void)address;
    (void)data;
    return -EPERM;
}

long sys_unshare(u64 flags)
{
    return flags == 0 ? 0 : -EPERM;
}

long sys_setns(int fd, int type)
{
    (void)fd;
    (void)type;
    return -EPERM;
}
