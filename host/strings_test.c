/* SPDX-License-Identifier: Apache-2.0 */
#include "host/strings.h"

#include "test/unit/unit.h"

#include <string.h>

TEST(strings, end_with_null_at_any_length)
{
    struct strings strings = { 0 };

    for (size_t i = 0; i < 20; i++) {
        strings_addf(&strings, "%zu", i);
        CHECK_EQ(strings.count, i + 1);
        CHECK(!strings.items[i + 1]);
    }
    CHECK(strings_has(&strings, "19"));
    CHECK(!strings_has(&strings, "20"));
    strings_fini(&strings);
}

TEST(strings, set_variables_split_at_the_first_equals)
{
    struct strings envs = { 0 };

    CHECK(strings_set_env(&envs, "A=b=c"));
    CHECK(strings_set_env(&envs, "AB="));
    CHECK(strings_set_env(&envs, "A=2"));
    CHECK(!strings_set_env(&envs, "A"));
    CHECK(!strings_set_env(&envs, "=A"));
    CHECK(!strings_set_env(&envs, ""));
    CHECK_EQ(envs.count, 2);
    CHECK_EQ(strcmp(envs.items[0], "A=2"), 0);
    strings_fini(&envs);
}
