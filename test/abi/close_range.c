/* SPDX-License-Identifier: Apache-2.0 */
/* close_range(2). */
#include "test/abi/abi.h"

#include <linux/close_range.h>

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

int main(void)
{
    int fd = open("/dev/null", O_RDWR);
    int i;

    EXPECT(fd >= 0);
    for (i = 100; i < 110; i++)
        EXPECT_EQ(dup2(fd, i), i);
    EXPECT_EQ(close_range(102, 104, 0), 0);
    EXPECT(is_open(101) && !is_open(102) && !is_open(103) && !is_open(104) && is_open(105));

    EXPECT_EQ(close_range(105, 106, CLOSE_RANGE_CLOEXEC), 0);
    EXPECT_EQ(fcntl(105, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(fcntl(106, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(fcntl(107, F_GETFD), 0);

    /* Numbers that are not open are no error, and the range may run past the table. */
    EXPECT_EQ(close_range(102, 104, 0), 0);
    EXPECT_EQ(close_range(100, ~0u, 0), 0);
    for (i = 100; i < 110; i++)
        EXPECT(!is_open(i));
    EXPECT(is_open(fd));
    EXPECT_EQ(close_range(5000, 6000, 0), 0);

    EXPECT_ERRNO(close_range(10, 9, 0), EINVAL);
    EXPECT_ERRNO(close_range(100, 101, 0x1000), EINVAL);
    return abi_done();
}
