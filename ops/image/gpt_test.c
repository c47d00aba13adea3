/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/gpt.h"

#include "test/unit/unit.h"

TEST(gpt, computes_the_crc_everybody_computes)
{
    CHECK_EQ(gpt_crc32("123456789", 9), 0xcbf43926);
    CHECK_EQ(gpt_crc32("", 0), 0);
}

TEST(gpt, lays_partitions_out_on_whole_mib)
{
    struct gpt_partition partitions[2] = { { .size = 1 }, { .size = (3 << 20) + 1 } };

    CHECK_EQ(gpt_layout(partitions, 2), 7 << 20);
    CHECK_EQ(partitions[0].off, 1 << 20);
    CHECK_EQ(partitions[0].size, 1 << 20);
    CHECK_EQ(partitions[1].off, 2 << 20);
    CHECK_EQ(partitions[1].size, 4 << 20);
}
