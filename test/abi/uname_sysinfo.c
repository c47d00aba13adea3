/* SPDX-License-Identifier: Apache-2.0 */
/* uname(2), sysinfo(2), gethostname(2), sysconf(3) and the auxiliary vector agree. */
#include "test/abi/abi.h"

#include <elf.h>
#include <linux/sysinfo.h>
#include <sys/auxv.h>
#include <sys/sysinfo.h>

/* NOLINTBEGIN(cert-err34-c): what sscanf found is counted, and large numbers are nobody's here. */
int main(void)
{
    struct utsname name;
    struct sysinfo info;
    char host[65];
    int major = 0;
    int64_t pages;

    EXPECT_EQ(uname(&name), 0);
    EXPECT(strcmp(name.sysname, "Linux") == 0);
    EXPECT(strcmp(name.machine, "x86_64") == 0);
    EXPECT(name.nodename[0] && name.version[0]);

    /* The C library refuses kernels that call themselves older than 3.2. */
    EXPECT_EQ(sscanf(name.release, "%d.", &major), 1);
    EXPECT(major >= 4);
    EXPECT_EQ(gethostname(host, sizeof(host)), 0);
    EXPECT(strcmp(host, name.nodename) == 0);
    EXPECT_ERRNO(uname(abi_bad_pointer()), EFAULT);

    EXPECT_EQ(sysinfo(&info), 0);
    EXPECT(info.mem_unit > 0 && info.totalram > 0 && info.freeram <= info.totalram);
    EXPECT(info.procs >= 1 && info.uptime >= 0);
    EXPECT(info.uptime <= abi_ns(CLOCK_BOOTTIME) / 1000000000 + 1);
    EXPECT_ERRNO(sysinfo(abi_bad_pointer()), EFAULT);

    pages = sysconf(_SC_PHYS_PAGES);
    EXPECT(pages * ABI_PAGE <= (int64_t)info.totalram * info.mem_unit + ABI_PAGE);
    EXPECT_EQ(sysconf(_SC_PAGESIZE), ABI_PAGE);
    EXPECT(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    EXPECT(sysconf(_SC_NPROCESSORS_CONF) >= sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT_EQ(sysconf(_SC_CLK_TCK), 100);
    EXPECT_EQ(getpagesize(), ABI_PAGE);

    EXPECT_EQ(getauxval(AT_PAGESZ), ABI_PAGE);
    EXPECT_EQ(getauxval(AT_CLKTCK), 100);
    EXPECT_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
    EXPECT(getauxval(AT_PHNUM) > 0 && getauxval(AT_PHDR) != 0 && getauxval(AT_ENTRY) != 0);
    EXPECT_EQ(getauxval(AT_UID), getuid());
    EXPECT_EQ(getauxval(AT_SECURE), 0);
    EXPECT(getauxval(AT_HWCAP) != 0);
    EXPECT(getauxval(AT_EXECFN) != 0 && getauxval(AT_PLATFORM) != 0);
    return abi_done();
}
/* NOLINTEND(cert-err34-c) */
