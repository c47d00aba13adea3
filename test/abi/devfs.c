/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: null, zero, full, random, urandom, fd, the standard streams, shm. */
#include "test/abi/abi.h"

#include <sys/mman.h>

static char buf[ABI_PAGE];

static void null_zero_full(void)
{
    int null = open("/dev/null", O_RDWR);
    int zero = open("/dev/zero", O_RDWR);
    int full = open("/dev/full", O_RDWR);
    struct stat st;
    char *map;
    size_t i;
    size_t nonzero = 0;

    EXPECT_EQ(read(null, buf, 10), 0);
    EXPECT_EQ(write(null, buf, sizeof(buf)), sizeof(buf));
    EXPECT_EQ(lseek(null, 100, SEEK_SET), 0);
    EXPECT(fstat(null, &st) == 0 && S_ISCHR(st.st_mode) && st.st_size == 0);
    EXPECT_EQ(close(open("/dev/null", O_WRONLY | O_TRUNC | O_APPEND | O_CREAT, 0666)), 0);

    memset(buf, 'x', sizeof(buf));
    EXPECT_EQ(read(zero, buf, sizeof(buf)), sizeof(buf));
    for (i = 0; i < sizeof(buf); i++)
        nonzero += buf[i] != 0;
    EXPECT_EQ(nonzero, 0);
    EXPECT_EQ(write(zero, buf, 10), 10);
    map = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    EXPECT(map != MAP_FAILED);
    EXPECT_EQ(map[5], 0);
    map[5] = 1;
    EXPECT_EQ(munmap(map, ABI_PAGE), 0);
    EXPECT(mmap(NULL, ABI_PAGE, PROT_READ, MAP_PRIVATE, null, 0) == MAP_FAILED && errno == ENODEV);

    EXPECT_EQ(read(full, buf, 10), 10);
    EXPECT_ERRNO(write(full, buf, 1), ENOSPC);
    EXPECT_ERRNO(read(zero, abi_bad_pointer(), 1), EFAULT);
}

static void random_devices(void)
{
    int fd = open("/dev/urandom", O_RDWR);

    EXPECT_EQ(read(fd, buf, sizeof(buf)), sizeof(buf));
    EXPECT_EQ(write(fd, buf, 16), 16);
    close(fd);
    fd = open("/dev/random", O_RDONLY | O_NONBLOCK);
    EXPECT(read(fd, buf, 16) > 0);
    close(fd);
}

static void descriptors_by_name(void)
{
    char path[64];
    int file;
    int fd;

    abi_put("f", "abc");
    file = open("f", O_RDONLY);
    snprintf(path, sizeof(path), "/dev/fd/%d", file);
    EXPECT(abi_holds(path, "abc"));
    EXPECT(readlink("/dev/fd", buf, sizeof(buf)) > 0);
    EXPECT(readlink("/dev/stdin", buf, sizeof(buf)) > 0);
    EXPECT_EQ(access("/dev/stdout", F_OK) | access("/dev/stderr", F_OK), 0);

    /* What nginx does with its logs: they end up where standard output goes. */
    fd = open("/dev/stdout", O_WRONLY | O_APPEND);
    EXPECT(fd >= 0);
    EXPECT_EQ(write(fd, "", 0), 0);
    close(fd);
}

static void shared_memory(void)
{
    char name[64];
    char path[80];
    char *map;
    int fd;

    snprintf(name, sizeof(name), "/abi-shm-%d", getpid());
    snprintf(path, sizeof(path), "/dev/shm%s", name);
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    EXPECT(fd >= 0);
    EXPECT_EQ(ftruncate(fd, ABI_PAGE), 0);
    map = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(map != MAP_FAILED);
    memcpy(map, "shared", 7);
    EXPECT_EQ(pread(fd, buf, 7, 0), 7);
    EXPECT(strcmp(buf, "shared") == 0);
    EXPECT_EQ(access(path, F_OK), 0);
    EXPECT_EQ(shm_unlink(name), 0);
    EXPECT_ERRNO(shm_unlink(name), ENOENT);
}

int main(void)
{
    abi_dir();
    null_zero_full();
    random_devices();
    descriptors_by_name();
    shared_memory();
    EXPECT_ERRNO(open("/dev/absent", O_RDONLY), ENOENT);
    return abi_done();
}
