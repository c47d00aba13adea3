/* SPDX-License-Identifier: Apache-2.0 */
/* statfs(2) and fstatfs(2), and what statvfs(3) makes of them. */
#include "test/abi/abi.h"

#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

int main(void)
{
    struct statfs a;
    struct statfs b;
    struct statvfs v;
    int fd;

    abi_dir();
    abi_put("f", "x");
    EXPECT_EQ(statfs(".", &a), 0);
    EXPECT(a.f_bsize >= 512);
    EXPECT(a.f_blocks >= a.f_bfree && a.f_bfree >= a.f_bavail);
    EXPECT_EQ(a.f_namelen, 255);
    fd = open("f", O_RDONLY);
    EXPECT_EQ(fstatfs(fd, &b), 0);
    EXPECT_EQ(a.f_type, b.f_type);
    EXPECT_EQ(a.f_bsize, b.f_bsize);
    EXPECT_EQ(a.f_blocks, b.f_blocks);

    EXPECT_EQ(statfs("/proc", &b), 0);
    EXPECT_EQ(b.f_type, PROC_SUPER_MAGIC);
    EXPECT_EQ(statfs("/sys", &b), 0);
    EXPECT_EQ(b.f_type, SYSFS_MAGIC);
    EXPECT_EQ(statfs("/dev/shm", &b), 0);
    EXPECT_EQ(b.f_type, TMPFS_MAGIC);
    if (abi_is_soliton())
        EXPECT_EQ(a.f_type, TMPFS_MAGIC);

    EXPECT_EQ(statvfs("/", &v), 0);
    EXPECT(v.f_frsize > 0 && v.f_blocks > 0);
    EXPECT_EQ(fstatvfs(fd, &v), 0);
    EXPECT_EQ(v.f_namemax, 255);

    EXPECT_ERRNO(statfs("absent", &a), ENOENT);
    EXPECT_ERRNO(statfs("f/x", &a), ENOTDIR);
    EXPECT_ERRNO(statfs(".", abi_bad_pointer()), EFAULT);
    EXPECT_ERRNO(fstatfs(-1, &a), EBADF);
    return abi_done();
}
