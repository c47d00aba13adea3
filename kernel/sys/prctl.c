/* SPDX-License-Identifier: Apache-2.0 */
/* prctl(2): settings of a thread and of the process. */
#include "abi/linux/errors.h"
#include "abi/linux/signal.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/thread.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum prctl_option {
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG = 2,
    PR_GET_DUMPABLE = 3,
    PR_SET_DUMPABLE = 4,
    PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS = 8,
    PR_SET_NAME = 15,
    PR_GET_NAME = 16,
    PR_GET_SECCOMP = 21,
    PR_CAPBSET_READ = 23,
    PR_CAPBSET_DROP = 24,
    PR_GET_SECUREBITS = 27,
    PR_SET_TIMERSLACK = 29,
    PR_GET_TIMERSLACK = 30,
    PR_SET_CHILD_SUBREAPER = 36,
    PR_GET_CHILD_SUBREAPER = 37,
    PR_SET_NO_NEW_PRIVS = 38,
    PR_GET_NO_NEW_PRIVS = 39,
    PR_SET_THP_DISABLE = 41,
    PR_GET_THP_DISABLE = 42,
    PR_CAP_AMBIENT = 47,
    PR_SET_VMA = 0x53564d41,

    CAPABILITY_LAST = 40,
    TIMER_SLACK_NS = 50000, /* Linux' default; ours is none, and nobody can tell. */
};

/* [atomic] What the program set and may read back; nothing here depends on it. */
static u32 dumpable = 1;
static u32 death_signal;
static u32 keep_capabilities;
static u32 subreaper;
static u32 no_new_privileges;
static u32 no_large_pages;

/* NOLINTNEXTLINE(readability-non-const-parameter): clang-tidy 14 does not see atomics write. */
static long remember(u32 *place, u64 value, u64 max)
{
    if (value > max)
        return -EINVAL;
    __atomic_store_n(place, (u32)value, __ATOMIC_RELAXED);
    return 0;
}

static long recall(const u32 *place)
{
    return __atomic_load_n(place, __ATOMIC_RELAXED);
}

static long recall_to(const u32 *place, uaddr_t to)
{
    u32 value = (u32)recall(place);

    return copy_out(to, &value, sizeof(value));
}

static long name_set(uaddr_t from)
{
    char name[THREAD_NAME_SIZE];
    long len;

    mem_zero(name, sizeof(name));
    len = copy_in_text(name, from, sizeof(name));
    if (len < 0 && len != -ENAMETOOLONG) /* A longer one is cut. */
        return len;
    name[THREAD_NAME_SIZE - 1] = '\0';
    mem_copy(thread_current()->name, name, sizeof(name));
    return 0;
}

long sys_prctl(int option, u64 arg2, u64 arg3, u64 arg4, u64 arg5)
{
    (void)arg3;
    (void)arg4;
    (void)arg5;
    switch (option) {
    case PR_SET_NAME:
        return name_set(arg2);
    case PR_GET_NAME:
        return copy_out(arg2, thread_current()->name, THREAD_NAME_SIZE);
    case PR_SET_PDEATHSIG:
        return remember(&death_signal, arg2, SIGNALS);
    case PR_GET_PDEATHSIG:
        return recall_to(&death_signal, arg2);
    case PR_SET_DUMPABLE:
        return remember(&dumpable, arg2, 1);
    case PR_GET_DUMPABLE:
        return recall(&dumpable);
    case PR_SET_KEEPCAPS:
        return remember(&keep_capabilities, arg2, 1);
    case PR_GET_KEEPCAPS:
        return recall(&keep_capabilities);
    case PR_SET_CHILD_SUBREAPER:
        return remember(&subreaper, arg2 != 0, 1);
    case PR_GET_CHILD_SUBREAPER:
        return recall_to(&subreaper, arg2);
    case PR_SET_NO_NEW_PRIVS:
        return arg2 == 1 ? remember(&no_new_privileges, 1, 1) : -EINVAL;
    case PR_GET_NO_NEW_PRIVS:
        return recall(&no_new_privileges);
    case PR_SET_THP_DISABLE:
        return remember(&no_large_pages, arg2 != 0, 1);
    case PR_GET_THP_DISABLE:
        return recall(&no_large_pages);
    case PR_CAPBSET_READ:
        return arg2 <= CAPABILITY_LAST ? 1 : -EINVAL;
    case PR_CAPBSET_DROP:
        return arg2 <= CAPABILITY_LAST ? 0 : -EINVAL;
    case PR_SET_TIMERSLACK:
        return 0;
    case PR_GET_TIMERSLACK:
        return TIMER_SLACK_NS;
    case PR_GET_SECCOMP:
    case PR_GET_SECUREBITS:
        return 0;
    default: /* PR_SET_VMA names areas, which is optional on Linux as well. */
        return -EINVAL;
    }
}
