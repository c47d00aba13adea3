/* SPDX-License-Identifier: Apache-2.0 */
/* Private file mappings: copy on write, offsets, the rest of the last page, permissions. */
#include "test/abi/abi.h"

#include <sys/mman.h>

int main(void)
{
    static char content[3 * ABI_PAGE];
    char back[ABI_PAGE];
    char *a;
    char *b;
    int fd;
    int rd;
    int wr;

    abi_dir();
    memset(content, '0', ABI_PAGE);
    memset(content + ABI_PAGE, '1', ABI_PAGE);
    memset(content + 2 * ABI_PAGE, '2', ABI_PAGE);
    fd = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(write(fd, content, 2 * ABI_PAGE + 100), 2 * ABI_PAGE + 100);

    rd = open("f", O_RDONLY);
    a = mmap(NULL, 3 * ABI_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, rd, 0);
    EXPECT(a != MAP_FAILED);
    b = mmap(NULL, 2 * ABI_PAGE, PROT_READ, MAP_PRIVATE, rd, ABI_PAGE);
    EXPECT(b != MAP_FAILED);
    EXPECT_EQ(close(rd), 0);
    EXPECT(memcmp(a, content, 2 * ABI_PAGE + 100) == 0);
    EXPECT(memcmp(b, content + ABI_PAGE, ABI_PAGE + 100) == 0);
    EXPECT_EQ(a[2 * ABI_PAGE + 100], 0);
    EXPECT_EQ(a[3 * ABI_PAGE - 1], 0);

    /* What is written stays ours: neither the file nor another mapping sees it. */
    a[ABI_PAGE] = 'X';
    EXPECT_EQ(a[ABI_PAGE + 1], '1');
    EXPECT_EQ(b[0], '1');
    EXPECT_EQ(pread(fd, back, 1, ABI_PAGE), 1);
    EXPECT_EQ(back[0], '1');

    /* Pages not yet written to by us show the file's changes on Linux; a copied page does not. */
    EXPECT_EQ(pwrite(fd, "YY", 2, ABI_PAGE), 2);
    EXPECT_EQ(a[ABI_PAGE], 'X');
    EXPECT_EQ(a[ABI_PAGE + 1], '1');
    EXPECT_EQ(b[0], 'Y');

    /* The kernel's own writes break sharing too. */
    EXPECT_EQ(pread(fd, a, 3, ABI_PAGE), 3);
    EXPECT(memcmp(a, "YY1", 3) == 0);
    EXPECT_EQ(pread(fd, back, 1, 0), 1);
    EXPECT_EQ(back[0], '0');

    /* A read-only mapping made writable later. */
    EXPECT_EQ(mprotect(b, ABI_PAGE, PROT_READ | PROT_WRITE), 0);
    b[1] = 'Z';
    EXPECT_EQ(pread(fd, back, 2, ABI_PAGE), 2);
    EXPECT_EQ(back[1], 'Y');
    EXPECT_EQ(munmap(a, 3 * ABI_PAGE) | munmap(b, 2 * ABI_PAGE), 0);

    wr = open("f", O_WRONLY);
    EXPECT(mmap(NULL, ABI_PAGE, PROT_READ, MAP_PRIVATE, wr, 0) == MAP_FAILED && errno == EACCES);
    EXPECT(mmap(NULL, ABI_PAGE, PROT_READ, MAP_PRIVATE, fd, 1) == MAP_FAILED && errno == EINVAL);
    EXPECT(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL);
    rd = open("/tmp", O_RDONLY);
    EXPECT(mmap(NULL, ABI_PAGE, PROT_READ, MAP_PRIVATE, rd, 0) == MAP_FAILED && errno == ENODEV);
    return abi_done();
}
