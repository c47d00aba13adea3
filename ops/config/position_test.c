/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/position.h"

#include "test/unit/unit.h"

#include <stddef.h>
#include <string.h>

static const char text[] = "\n"
                           "{\n"
                           "  \"A\": [\"]}\\\"\", {\"x\": 1},\n"
                           "    {\"y\": \"\\\\\",\n"
                           "     \"z\": {}}],\n"
                           "  \"\\u0042\"\n"
                           "  : {\"A\": 1,\n"
                           "     \"A,\": -1.5e3}\n"
                           "}\n";

TEST(position, finds_the_line_of_members_and_elements)
{
    static const struct {
        struct position_step steps[3];
        size_t count;
        size_t line;
    } cases[] = {
        { { { NULL, 0 } }, 0, 2 },
        { { { "A", 0 } }, 1, 3 },
        { { { "A", 0 }, { NULL, 1 } }, 2, 3 },
        { { { "A", 0 }, { NULL, 2 } }, 2, 4 },
        { { { "A", 0 }, { NULL, 2 }, { "z", 0 } }, 3, 5 },
        { { { "B", 0 } }, 1, 6 }, /* Written as an escape. */
        { { { "B", 0 }, { "A", 0 } }, 2, 7 },
        { { { "B", 0 }, { "A,", 0 } }, 2, 8 },
        { { { "B", 0 }, { "no", 0 } }, 2, 6 }, /* As far as it leads. */
        { { { "B", 0 }, { NULL, 0 } }, 2, 6 }, /* No list. */
        { { { "A", 0 }, { NULL, 9 } }, 2, 3 },
        { { { "A", 0 }, { NULL, 0 }, { "x", 0 } }, 3, 3 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(position_line(text, strlen(text), cases[i].steps, cases[i].count), cases[i].line);
    }
}

TEST(position, stays_inside_a_text_that_ends_early)
{
    static const struct position_step steps[] = { { "B", 0 }, { "A,", 0 } };

    for (size_t size = 1; size < sizeof(text); size++) {
        char *copy = malloc(size); /* ASan watches its end. */

        CHECK(copy);
        memcpy(copy, text, size);
        (void)position_line(copy, size, steps, 2);
        free(copy);
    }
}
