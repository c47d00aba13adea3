/* SPDX-License-Identifier: Apache-2.0 */
/* prctl(2) as servers use it, and arch_prctl(2). */
#include "test/abi/abi.h"

#include <asm/prctl.h>
#include <signal.h>
#include <sys/prctl.h>

static void names(void)
{
    char name[16] = "";
    char comm[32] = "";

    EXPECT_EQ(prctl(PR_GET_NAME, name), 0);
    EXPECT(strcmp(name, "prctl") == 0);
    EXPECT_EQ(prctl(PR_SET_NAME, "0123456789abcdefgh"), 0);
    EXPECT_EQ(prctl(PR_GET_NAME, name), 0);
    EXPECT(strcmp(name, "0123456789abcde") == 0);
    EXPECT(abi_slurp("/proc/self/comm", comm, sizeof(comm)) == 16);
    EXPECT(strcmp(comm, "0123456789abcde\n") == 0);
    EXPECT_ERRNO(prctl(PR_SET_NAME, abi_bad_pointer()), EFAULT);
}

static void switches(void)
{
    int sig = 99;

    EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1);
    EXPECT_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
    EXPECT_EQ(prctl(PR_GET_DUMPABLE), 0);
    EXPECT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
    EXPECT_ERRNO(prctl(PR_SET_DUMPABLE, 77), EINVAL);
    EXPECT_EQ(prctl(PR_SET_PDEATHSIG, SIGTERM), 0);
    EXPECT_EQ(prctl(PR_GET_PDEATHSIG, &sig), 0);
    EXPECT_EQ(sig, SIGTERM);
    EXPECT_EQ(prctl(PR_SET_PDEATHSIG, 0), 0);
    EXPECT_ERRNO(prctl(PR_SET_PDEATHSIG, 99), EINVAL);
    EXPECT_EQ(prctl(PR_GET_KEEPCAPS), 0);
    EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    EXPECT_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    EXPECT_ERRNO(prctl(0x7777), EINVAL);
}

static void segment_bases(void)
{
    unsigned long fs = 0;
    unsigned long gs = 0;
    unsigned long value = 0x1122334455667788;
    unsigned long loaded = 0;

    /* The first word of a thread's control block is its own address. */
    EXPECT_EQ(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs), 0);
    __asm__ volatile("movq %%fs:0, %0" : "=r"(loaded));
    EXPECT_EQ(fs, loaded);
    EXPECT_EQ(syscall(SYS_arch_prctl, ARCH_SET_FS, fs), 0);
    EXPECT_EQ(syscall(SYS_arch_prctl, ARCH_SET_GS, &value), 0);
    EXPECT_EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs), 0);
    EXPECT_EQ(gs, (uintptr_t)&value);
    __asm__ volatile("movq %%gs:0, %0" : "=r"(loaded));
    EXPECT_EQ(loaded, value);
    EXPECT_ERRNO(syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000), EPERM);
    EXPECT_ERRNO(syscall(SYS_arch_prctl, ARCH_SET_FS, 0x8000000000000000), EPERM);
    EXPECT_ERRNO(syscall(SYS_arch_prctl, ARCH_GET_FS, abi_bad_pointer()), EFAULT);
    EXPECT_ERRNO(syscall(SYS_arch_prctl, 0x7777, 0), EINVAL);
}

int main(void)
{
    names();
    switches();
    segment_bases();
    return abi_done();
}
