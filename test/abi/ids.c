/* SPDX-License-Identifier: Apache-2.0 */
/* Users, groups, processes and sessions, as servers ask for them before they drop rights. */
#include "test/abi/abi.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>

static void user_zero(void)
{
    uid_t r = 9;
    uid_t e = 9;
    uid_t s = 9;

    EXPECT(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
    EXPECT_EQ(getresuid(&r, &e, &s), 0);
    EXPECT(r == 0 && e == 0 && s == 0);
    EXPECT_EQ(getresgid(&r, &e, &s), 0);
    EXPECT(r == 0 && e == 0 && s == 0);
    EXPECT_EQ(setuid(0) | setgid(0) | seteuid(0) | setegid(0), 0);
    EXPECT_EQ(setreuid(0, 0) | setregid(0, 0), 0);
    EXPECT_EQ(setresuid(0, 0, 0) | setresgid(0, 0, 0), 0);
    EXPECT_EQ(setfsuid(0), 0);
}

static void groups(void)
{
    gid_t list[64] = { 1, 2, 3 };
    volatile int minus = -1; /* Unknown to the compiler, which would refuse it. */

    EXPECT_EQ(setgroups(3, list), 0);
    EXPECT_EQ(getgroups(0, NULL), 3);
    memset(list, 0, sizeof(list));
    EXPECT_EQ(getgroups(64, list), 3);
    EXPECT(list[0] == 1 && list[1] == 2 && list[2] == 3);
    EXPECT_ERRNO(getgroups(2, list), EINVAL);
    EXPECT_ERRNO(getgroups(minus, list), EINVAL);
    EXPECT_ERRNO(setgroups(1 << 20, list), EINVAL);
    EXPECT_EQ(setgroups(0, NULL), 0);
    EXPECT_EQ(getgroups(0, NULL), 0);
}

static void processes(void)
{
    EXPECT(getpid() > 0);
    EXPECT(getppid() >= 0);
    EXPECT_EQ(syscall(SYS_getpid), getpid());
    EXPECT(getpgid(0) == getpgrp());
    EXPECT(getsid(0) >= 0);
    EXPECT_ERRNO(getpgid(0x7ffffff), ESRCH);
    EXPECT_ERRNO(getsid(0x7ffffff), ESRCH);
}

static void capabilities(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = { { 0 } };

    EXPECT_EQ(syscall(SYS_capget, &header, data), 0);
    header.version = 77;
    EXPECT_ERRNO(syscall(SYS_capget, &header, data), EINVAL);
    EXPECT_EQ(header.version, _LINUX_CAPABILITY_VERSION_3);
}

/* Last, as there is no way back. */
static void dropping(void)
{
    EXPECT_EQ(setgid(1234), 0);
    EXPECT_EQ(setuid(1234), 0);
    EXPECT(getuid() == 1234 && geteuid() == 1234 && getgid() == 1234);
    EXPECT_ERRNO(setuid(0), EPERM);
    EXPECT_ERRNO(setgid(0), EPERM);
    EXPECT_EQ(setuid(1234), 0);
}

int main(void)
{
    if (getuid() != 0) {
        abi_skip("not user 0");
        return abi_done();
    }
    user_zero();
    groups();
    processes();
    capabilities();
    dropping();
    return abi_done();
}
