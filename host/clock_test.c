/* SPDX-License-Identifier: Apache-2.0 */
#include "host/clock.h"

#include "test/unit/unit.h"

TEST(clock, goes_on_while_waiting)
{
    uint64_t start = now_ms();

    CHECK(start > 0);
    pause_ms(20);
    CHECK(now_ms() >= start + 19); /* Both are cut to whole milliseconds. */
}
