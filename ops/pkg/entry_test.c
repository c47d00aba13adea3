/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that need no shell, and those that do. */
#include "ops/pkg/entry.h"

#include "host/strings.h"
#include "host/xmem.h"
#include "test/unit/unit.h"

#include <string.h>

/* The words with `|` between, to be freed. */
static char *join(const struct strings *words)
{
    char *text = xstrdup("");

    for (size_t i = 0; i < words->count; i++) {
        char *longer = xasprintf("%s%s%s", text, i > 0 ? "|" : "", words->items[i]);

        free(text);
        text = longer;
    }
    return text;
}

TEST(entry, splits_commands_that_are_but_words)
{
    static const struct {
        const char *command;
        const char *words; /* NULL: a shell is needed. */
    } cases[] = {
        { "app", "app" },
        { "  app\t-x  y ", "app|-x|y" },
        { "exec app -x", "app|-x" },
        { "app 'a b' \"c d\" e'f'\"g\"", "app|a b|c d|efg" },
        { "app ''", "app|" },
        { "app '$HOME `x` \\ \"'", "app|$HOME `x` \\ \"" },
        { "app a=b", "app|a=b" },
        { "", NULL },
        { "   ", NULL },
        { "exec", NULL },
        { "A=b app", NULL },
        { "app 'open", NULL },
        { "app \"open", NULL },
        { "app $HOME", NULL },
        { "app \"$HOME\"", NULL },
        { "app; rm x", NULL },
        { "a && b", NULL },
        { "a | b", NULL },
        { "a > b", NULL },
        { "a *", NULL },
        { "a ~", NULL },
        { "a # b", NULL },
        { "a\nb", NULL },
        { "(a)", NULL },
        { "a \\b", NULL },
        { "app {1..3}", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct strings words = { 0 };
        bool is_split = entry_split(&words, cases[i].command);
        char *text = join(&words);

        CHECK_EQ(is_split, cases[i].words != NULL);
        if (is_split)
            CHECK_EQ(strcmp(text, cases[i].words), 0);
        free(text);
        strings_fini(&words);
    }
}
