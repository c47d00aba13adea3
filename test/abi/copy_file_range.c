/* SPDX-License-Identifier: Apache-2.0 */
/* copy_file_range(2) between files, and splice(2) and tee(2) or their clean refusal. */
#include "test/abi/abi.h"

#include <sys/types.h>

enum {
    SIZE = 100000,
};

static char data[SIZE];
static char back[SIZE];

static void copies(int in, int out)
{
    off_t from = 10;
    off_t to = 5;

    EXPECT_EQ(copy_file_range(in, &from, out, &to, 1000, 0), 1000);
    EXPECT(from == 1010 && to == 1005);
    EXPECT_EQ(lseek(in, 0, SEEK_CUR), 0);
    EXPECT_EQ(pread(out, back, 1000, 5), 1000);
    EXPECT(memcmp(back, data + 10, 1000) == 0);
    EXPECT_EQ(copy_file_range(in, NULL, out, NULL, SIZE, 0), SIZE);
    EXPECT(lseek(in, 0, SEEK_CUR) == SIZE && lseek(out, 0, SEEK_CUR) == SIZE);
    EXPECT_EQ(pread(out, back, SIZE, 0), SIZE);
    EXPECT(memcmp(back, data, SIZE) == 0);
    EXPECT_EQ(copy_file_range(in, NULL, out, NULL, 10, 0), 0);
}

static void refusals(int in, int out)
{
    int fds[2];
    int append = open("out", O_WRONLY | O_APPEND);
    int rd = open("out", O_RDONLY);
    off_t at = 0;

    EXPECT_EQ(pipe(fds), 0);
    EXPECT_ERRNO(copy_file_range(in, &at, out, NULL, 10, 0x100), EINVAL);
    EXPECT_ERRNO(copy_file_range(in, &at, append, NULL, 10, 0), EBADF);
    EXPECT_ERRNO(copy_file_range(in, &at, rd, NULL, 10, 0), EBADF);
    EXPECT_ERRNO(copy_file_range(in, &at, fds[1], NULL, 10, 0), EINVAL);
    EXPECT_ERRNO(copy_file_range(-1, &at, out, NULL, 10, 0), EBADF);
}

static void splicing(int in)
{
    int fds[2];
    off_t at = 100;
    ssize_t moved;

    EXPECT_EQ(pipe(fds), 0);
    moved = splice(in, &at, fds[1], NULL, 1000, 0);
    if (moved == -1 && (errno == ENOSYS || errno == EINVAL)) {
        abi_skip("splice");
        return;
    }
    EXPECT_EQ(moved, 1000);
    EXPECT_EQ(read(fds[0], back, SIZE), 1000);
    EXPECT(memcmp(back, data + 100, 1000) == 0);
}

int main(void)
{
    int in;
    int out;
    int i;

    abi_dir();
    for (i = 0; i < SIZE; i++)
        data[i] = (char)(i * 31 >> 2);
    in = open("in", O_RDWR | O_CREAT, 0600);
    out = open("out", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(write(in, data, SIZE), SIZE);
    EXPECT_EQ(lseek(in, 0, SEEK_SET), 0);
    if (copy_file_range(in, &(loff_t){ 0 }, out, &(loff_t){ 0 }, 1, 0) == -1 && errno == ENOSYS) {
        abi_skip("copy_file_range");
        return abi_done();
    }
    copies(in, out);
    refusals(in, out);
    splicing(in);
    return abi_done();
}
