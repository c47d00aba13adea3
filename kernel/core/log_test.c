/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/core/log.h"

#include "kernel/arch/power.h"
#include "kernel/core/clock.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

static char console[1 << 20];
static size_t console_len;
static size_t sink_len;

void machine_console_write(const char *bytes, size_t len)
{
    memcpy(console + console_len, bytes, len);
    console_len += len;
}

static void sink(const char *bytes, size_t len)
{
    (void)bytes;
    sink_len += len;
}

TEST(log, lines_have_a_time_and_go_to_the_console)
{
    fake_now_ns = 12 * NS_PER_SECOND + 345678 * NS_PER_US;
    log_info("answer %d", 42);
    CHECK(strcmp(console, "[   12.345678] answer 42\n") == 0);
    log_debug("not shown");
    CHECK_EQ(console_len, 25);
    log_set_level(LOG_ERROR);
    log_warn("not shown either");
    CHECK_EQ(console_len, 25);
    CHECK_EQ(fake_locks_held, 0);
}

TEST(log, long_lines_are_cut_and_end_with_a_newline)
{
    char text[2000];

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    log_error("%s", text);
    CHECK(console_len < 600);
    CHECK(console[console_len - 1] == '\n');
}

TEST(log, the_ring_keeps_the_latest_whole_lines)
{
    static char ring[64 << 10];
    size_t len;

    log_set_level(LOG_ERROR);
    for (int i = 0; i < 5000; i++)
        log_info("line %d", i);
    len = log_read(ring, sizeof(ring));
    CHECK(len > 30000 && len <= 32768);
    CHECK(ring[0] == '[');
    CHECK(memcmp(ring + len - 10, "line 4999\n", 10) == 0);
    len = log_read(ring, 100);
    CHECK(len <= 100 && ring[0] == '[' && ring[len - 1] == '\n');
    CHECK(log_read(NULL, 0) <= 32768);
}

TEST(log, a_sink_replaces_the_console_until_panic)
{
    log_set_sink(sink);
    console_write("abc", 3);
    CHECK_EQ(sink_len, 3);
    CHECK_EQ(console_len, 0);
    log_begin_panic();
    log_error("end");
    CHECK(console_len > 0);
    CHECK_EQ(sink_len, 3);
}
