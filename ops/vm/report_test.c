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
}

TEST(report, cuts_long_texts)
{
    static char text[1000] = "panic ";
    struct report report;

    memset(text + 6, 'x', sizeof(text) - 6);
    report_parse(&report, text, sizeof(text));
    CHECK_EQ(strlen(report.panic), REPORT_TEXT_MAX - 1);
}

TEST(accel, wants_a_cpu_that_shows_virtualization)
{
    CHECK(accel_cpuinfo_has_virt("processor: 0\nflags\t\t: fpu vmx sse\n"));
    CHECK(accel_cpuinfo_has_virt("flags\t\t: svm"));
    CHECK(!accel_cpuinfo_has_virt("flags\t\t: fpu svm_lock xvmx vmxx\n"));
    CHECK(!accel_cpuinfo_has_virt("vmx flags\t: vmx\n"));
    CHECK(!accel_cpuinfo_has_virt(""));
}
