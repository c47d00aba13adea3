/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/render.h"

#include "host/err.h"
#include "test/unit/unit.h"

#include <string.h>

TEST(render, puts_variables_in_the_place_of_their_names)
{
    static const struct {
        const char *text;
        const char *rendered;
    } cases[] = {
        { "{\"a\": \"$A\"}", "{\"a\": \"one\"}" },
        { "{\"a\": \"x${A}y\", \"n\": $N}", "{\"a\": \"xoney\", \"n\": 3}" },
        { "\"$QUOTE\"", "\"\\\"\\\\\\u000a\"" }, /* It cannot end the text it stands in. */
        { "\"\\\"$A\"", "\"\\\"one\"" },
        { "\"$$A $ 5 $1 ${} ${A\"", "\"$A $ 5 $1 ${} ${A\"" },
        { "$", "$" },
        { "", "" },
    };
    struct err err;

    setenv("A", "one", 1);
    setenv("N", "3", 1);
    setenv("QUOTE", "\"\\\n", 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *rendered = render_variables(cases[i].text, strlen(cases[i].text), "c", &err);

        CHECK(rendered);
        if (strcmp(rendered, cases[i].rendered) != 0)
            fprintf(stderr, "%s\n", rendered);
        CHECK_EQ(strcmp(rendered, cases[i].rendered), 0);
        free(rendered);
    }
}

TEST(render, refuses_a_variable_that_is_not_there)
{
    static const char text[] = "{\n\"a\": \"$NO_SUCH_VARIABLE\"}";
    struct err err;

    CHECK(!render_variables(text, strlen(text), "c.json", &err));
    CHECK_EQ(strcmp(err.text, "c.json:2: there is no variable 'NO_SUCH_VARIABLE' in the "
                              "environment\nhint: $$ is a dollar"),
             0);
}
