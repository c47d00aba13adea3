/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/report.h"

#include "ops/vm/accel.h"
#include "test/unit/unit.h"

#include <string.h>

static struct report parsed(const char *text)
{
    struct report report;

    report_parse(&report, text, strlen(text));
    return report;
}

TEST(report, reads_what_the_kernel_says)
{
    struct report report = parsed("boot_ns 1234567\nmemory_kib 4096\r\nexit 7\n");

    CHECK_EQ(report.boot_ns, 1234567);
    CHECK_EQ(report.memory_kib, 4096);
    CHECK(report.has_exit);
    CHECK_EQ(report.exit, 7);
    CHECK(!report.has_signal);
    report = parsed("signal 11");
    CHECK(report.has_signal);
    CHECK_EQ(report.signal, 11);
    report = parsed("panic no \x1b[31mmemory\n");
    CHECK_EQ(strcmp(report.panic, "no ?[31mmemory"), 0);
}

TEST(report, believes_nothing_else)
{
    static const char *const cases[] = {
        "",           "\n\n\n",    "exit",        "exit \n",
        "exit 256\n", "exit -1\n", "exit 1x\n",   "exits 1",
        " exit 1\n",  "signal 0",  "signal 65\n", "exit 99999999999999999999999\n",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct report report = parsed(cases[i]);

        CHECK(!report.has_exit);
        CHECK(!report.has_signal);
    }
    CHECK_EQ(parsed("exit 1\nexit 2\n").exit, 1);
    CHECK(parsed("boot_ns 5\nhold signal").is_held);
    CHECK(!parsed("hold\nholds x\n").is_held);
    CHECK_EQ(parsed("restart 1\nboot_ns 5\nrestart 2\nrestart x\n").restarts, 2);
}

TEST(report, cuts_long_texts)
{
    static char text[1000] = "panic ";
    struct report report;

    memset(text + 6, 'x', sizeof(text) - 6);
    report_parse(&report, text, sizeof(text));
    CHECK_EQ(strlen(report.panic), REPORT_TEXT_MAX - 1);
}

struct seen {
    char text[256];
    int count;
};

static void line_see(void *context, enum report_kind kind, const char *text)
{
    struct seen *seen = context;

    seen->count++;
    snprintf(seen->text, sizeof(seen->text), "%d:%.200s", (int)kind, text);
}

TEST(report, hands_on_lines_as_they_come_in_pieces)
{
    static const char text[] = "trace open(\"/a\") = 3\x1b\nboot_ns 5\r\nmissing /b\nopen /c\n"
                               "syscalls read 1 2 3\nexit 4";
    struct seen seen = { .count = 0 };
    struct report_reader reader = { .fn = line_see, .context = &seen };

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        report_feed(&reader, text + i, 1);
        if (seen.count == 1)
            CHECK_EQ(strcmp(seen.text, "0:open(\"/a\") = 3?"), 0);
    }
    CHECK_EQ(seen.count, 4);
    CHECK_EQ(strcmp(seen.text, "3:read 1 2 3"), 0);
    CHECK(!reader.report.has_exit);
    report_finish(&reader);
    CHECK_EQ(reader.report.exit, 4);
    CHECK_EQ(reader.report.boot_ns, 5);
}

TEST(report, cuts_long_lines)
{
    static char text[3 * REPORT_LINE_MAX] = "trace ";
    struct seen seen = { .count = 0 };
    struct report_reader reader = { .fn = line_see, .context = &seen };

    memset(text + 6, 'x', sizeof(text) - 6);
    report_feed(&reader, text, sizeof(text));
    CHECK_EQ(seen.count, 0);
    report_feed(&reader, "\nexit 1\n", 8);
    CHECK_EQ(seen.count, 1);
    CHECK(reader.report.has_exit);
}

TEST(accel, wants_a_cpu_that_shows_virtualization)
{
    CHECK(accel_cpuinfo_has_virt("processor: 0\nflags\t\t: fpu vmx sse\n"));
    CHECK(accel_cpuinfo_has_virt("flags\t\t: svm"));
    CHECK(!accel_cpuinfo_has_virt("flags\t\t: fpu svm_lock xvmx vmxx\n"));
    CHECK(!accel_cpuinfo_has_virt("vmx flags\t: vmx\n"));
    CHECK(!accel_cpuinfo_has_virt(""));
}

TEST(report, gives_paths_back_what_the_kernel_wrote_as_numbers)
{
    static const struct {
        const char *text;
        const char *path;
    } cases[] = {
        { "/plain", "/plain" },
        { "/caf\\303\\251", "/caf\303\251" },
        { "/a\\012b\\134", "/a\nb\\" },
        { "/\\000/\\777/\\99/\\1", "/\\000/\\777/\\99/\\1" }, /* Nothing the kernel writes. */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "%s", cases[i].text);
        report_path(text);
        CHECK_EQ(strcmp(text, cases[i].path), 0);
    }
}
