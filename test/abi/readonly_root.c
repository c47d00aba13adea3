/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written where: /tmp, /run, /var/tmp, /var/log and /dev/shm take files; on our kernel the
 * root does not, and says EROFS.
 */
#include "test/abi/abi.h"

static void takes_files(const char *dir)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "%s/abi-probe-%d", dir, getpid());
    fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    EXPECT(fd >= 0);
    EXPECT_EQ(write(fd, "x", 1), 1);
    EXPECT_EQ(close(fd), 0);
    EXPECT_EQ(unlink(path), 0);
}

static void root_refuses(void)
{
    if (!abi_is_soliton()) {
        abi_skip("the root of this machine is writable");
        return;
    }
    EXPECT_ERRNO(open("/abi-probe", O_RDWR | O_CREAT, 0600), EROFS);
    EXPECT_ERRNO(open("/etc/hosts", O_RDWR), EROFS);
    EXPECT_ERRNO(open("/etc/hosts", O_RDONLY | O_TRUNC), EROFS);
    EXPECT_ERRNO(mkdir("/abi-probe", 0700), EROFS);
    EXPECT_ERRNO(unlink("/etc/hosts"), EROFS);
    EXPECT_ERRNO(rename("/etc/hosts", "/etc/hosts2"), EROFS);
    EXPECT_ERRNO(chmod("/etc/hosts", 0600), EROFS);
    EXPECT_ERRNO(truncate("/etc/hosts", 0), EROFS);
    EXPECT_ERRNO(access("/etc/hosts", W_OK), EROFS);
    EXPECT_ERRNO(mkdir("/etc", 0700), EEXIST);
    EXPECT_ERRNO(unlink("/etc/absent"), ENOENT);
}

int main(void)
{
    takes_files("/tmp");
    takes_files("/run");
    takes_files("/var/tmp");
    takes_files("/var/log");
    takes_files("/dev/shm");
    root_refuses();
    return abi_done();
}
