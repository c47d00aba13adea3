/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/control/control.h"

#include "kernel/control/metrics.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

static const char end_line[] = "end\n";

/* What did not fit broke a line: that one goes as well. */
static void drop_broken_line(struct text *out)
{
    if (out->dropped == 0)
        return;
    while (out->len > 0 && out->bytes[out->len - 1] != '\n')
        out->len--;
}

static size_t answer_stats(char *answer, size_t size)
{
    struct text out;

    text_init(&out, answer, size - (sizeof(end_line) - 1));
    metrics_put(&out);
    drop_broken_line(&out);
    out.size = size;
    text_put(&out, end_line, sizeof(end_line) - 1);
    return out.len;
}

size_t control_answer(const char *line, char *answer, size_t size)
{
    struct text out;

    if (str_equal(line, "stats"))
        return answer_stats(answer, size);
    text_init(&out, answer, size);
    text_format(&out, "error unknown request\n");
    return out.len;
}
