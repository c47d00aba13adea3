/* SPDX-License-Identifier: Apache-2.0 */
/* memfd_create(2) and its seals. */
#include "test/abi/abi.h"

#include <linux/falloc.h>
#include <sys/mman.h>

static void is_a_file(void)
{
    int fd = memfd_create("abi name", MFD_CLOEXEC);
    char path[64];
    char target[128] = "";
    struct stat st;
    char *map;
    char c;

    EXPECT(fd >= 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0);
    EXPECT_EQ(ftruncate(fd, 3 * ABI_PAGE), 0);
    map = mmap(NULL, 3 * ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(map != MAP_FAILED);
    map[ABI_PAGE] = 'm';
    EXPECT_EQ(pread(fd, &c, 1, ABI_PAGE), 1);
    EXPECT_EQ(c, 'm');
    EXPECT_EQ(munmap(map, 3 * ABI_PAGE), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    EXPECT(readlink(path, target, sizeof(target) - 1) > 0);
    EXPECT(strcmp(target, "/memfd:abi name (deleted)") == 0);
    EXPECT_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
    EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    close(fd);
}

static void sizes_can_be_sealed(void)
{
    int fd = memfd_create("s", MFD_ALLOW_SEALING);

    EXPECT_EQ(fcntl(fd, F_GET_SEALS), 0);
    EXPECT_EQ(write(fd, "12345678", 8), 8);
    EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    EXPECT_ERRNO(ftruncate(fd, 4), EPERM);
    EXPECT_EQ(ftruncate(fd, 100), 0);
    EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
    EXPECT_ERRNO(ftruncate(fd, 200), EPERM);
    EXPECT_ERRNO(pwrite(fd, "x", 1, ABI_PAGE), EPERM);
    EXPECT_EQ(pwrite(fd, "x", 1, 0), 1);
    EXPECT_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
    close(fd);
}

static void writing_can_be_sealed(void)
{
    int fd = memfd_create("w", MFD_ALLOW_SEALING);
    char *map;

    EXPECT_EQ(ftruncate(fd, ABI_PAGE), 0);
    map = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    EXPECT_EQ(munmap(map, ABI_PAGE), 0);
    EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    EXPECT_ERRNO(write(fd, "x", 1), EPERM);
    map = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(map == MAP_FAILED && errno == EPERM);
    map = mmap(NULL, ABI_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    EXPECT(map != MAP_FAILED);
    EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
    EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    close(fd);
}

/* A hole takes the pages from those who have mapped them, too. */
static void hole(void)
{
    int fd = memfd_create("hole", 0);
    char *shared;
    char *own;

    EXPECT_EQ(ftruncate(fd, 4 * ABI_PAGE), 0);
    shared = mmap(NULL, 4 * ABI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    own = mmap(NULL, 4 * ABI_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    memset(shared, 's', 4 * ABI_PAGE);
    own[2 * ABI_PAGE] = 'o';
    EXPECT_EQ(own[ABI_PAGE], 's');
    EXPECT_EQ(
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, ABI_PAGE + 100, 2 * ABI_PAGE), 0);
    EXPECT_EQ(shared[ABI_PAGE + 99], 's');
    EXPECT_EQ(shared[ABI_PAGE + 100], 0);
    EXPECT_EQ(shared[2 * ABI_PAGE], 0);
    EXPECT_EQ(own[2 * ABI_PAGE], 'o');
    EXPECT_EQ(own[2 * ABI_PAGE + 1], 's');
    EXPECT_EQ(shared[3 * ABI_PAGE + 99], 0);
    EXPECT_EQ(shared[3 * ABI_PAGE + 100], 's');
    shared[2 * ABI_PAGE] = 'n';
    EXPECT_EQ(pread(fd, own, 1, 2 * ABI_PAGE), 1);
    EXPECT_EQ(own[0], 'n');
    munmap(shared, 4 * ABI_PAGE);
    munmap(own, 4 * ABI_PAGE);
    close(fd);
}

int main(void)
{
    char name[300];
    int fd;

    is_a_file();
    sizes_can_be_sealed();
    writing_can_be_sealed();
    hole();
    memset(name, 'n', sizeof(name));
    name[249] = '\0';
    fd = memfd_create(name, 0);
    EXPECT(fd >= 0);
    name[249] = 'n';
    name[250] = '\0';
    EXPECT_ERRNO(memfd_create(name, 0), EINVAL);
    EXPECT_ERRNO(memfd_create("x", 0x8000), EINVAL);
    EXPECT_ERRNO(memfd_create(abi_bad_pointer(), 0), EFAULT);
    fd = memfd_create("x", MFD_ALLOW_SEALING);
    EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, 0x1000), EINVAL);
    return abi_done();
}
