/* SPDX-License-Identifier: Apache-2.0 */
/* SIGBUS: a mapping that reaches beyond the end of its file; for system calls that is EFAULT. */
#include "test/abi/abi_fault.h"

#include <sys/mman.h>

static void load(const char *from)
{
    __asm__ volatile("movb (%0), %%al" ::"r"(from) : "al", "memory");
}

static void store(const char *to)
{
    __asm__ volatile("movb $1, (%0)" ::"r"(to) : "memory");
}

static void beyond_the_end(int fd, int kind)
{
    char *map = mmap(NULL, 4 * ABI_PAGE, PROT_READ | PROT_WRITE, kind, fd, 0);
    int fds[2];

    EXPECT(map != MAP_FAILED);
    EXPECT_EQ(FAULT_OF(load(map + ABI_PAGE - 1)), 0);
    EXPECT_FAULT(load(map + ABI_PAGE), SIGBUS, BUS_ADRERR, (uintptr_t)map + ABI_PAGE);
    EXPECT_FAULT(store(map + 3 * ABI_PAGE + 5), SIGBUS, BUS_ADRERR,
                 (uintptr_t)map + 3 * ABI_PAGE + 5);
    EXPECT_EQ(pipe(fds), 0);
    EXPECT_ERRNO(write(fds[1], map + ABI_PAGE, 1), EFAULT);

    /* The file grows under the mapping, and shrinks again. */
    EXPECT_EQ(ftruncate(fd, 2 * ABI_PAGE), 0);
    EXPECT_EQ(FAULT_OF(load(map + ABI_PAGE)), 0);
    EXPECT_EQ(ftruncate(fd, 100), 0);
    EXPECT_EQ(FAULT_OF(load(map + ABI_PAGE)), SIGBUS);
    EXPECT_EQ(FAULT_OF(load(map)), 0);
    EXPECT_EQ(munmap(map, 4 * ABI_PAGE), 0);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    int fd;

    abi_dir();
    fault_catch(SIGBUS);
    fault_catch(SIGSEGV);
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(write(fd, "x", 1), 1);
    beyond_the_end(fd, MAP_SHARED);
    beyond_the_end(fd, MAP_PRIVATE);
    return abi_done();
}
