/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input that nobody types into: at its end from the start, and never blocking. */
#include "test/abi/abi.h"

#include <poll.h>

int main(void)
{
    struct pollfd fd = { .fd = 0, .events = POLLIN };
    char byte;

    if (isatty(0)) {
        printf("standard input is a terminal\n");
        abi_skipped++;
        return abi_done();
    }
    EXPECT_EQ(poll(&fd, 1, 5000), 1);
    EXPECT(fd.revents & POLLIN);
    EXPECT_EQ(read(0, &byte, 1), 0);
    EXPECT_EQ(read(0, &byte, 1), 0);
    return abi_done();
}
