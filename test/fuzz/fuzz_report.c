/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest says on the report port: ops prints it to a terminal and exits with it. */
#include "ops/vm/report.h"
#include "test/fuzz/fuzz.h"

static void text_check(const char text[REPORT_TEXT_MAX])
{
    size_t len = strnlen(text, REPORT_TEXT_MAX);

    FUZZ_CHECK(len < REPORT_TEXT_MAX);
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK(text[i] >= ' ' && text[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_copy(bytes, size);
    struct report report;

    report_parse(&report, text, size);
    if (report.has_exit)
        FUZZ_CHECK(report.exit >= 0 && report.exit <= 255);
    if (report.has_signal)
        FUZZ_CHECK(report.signal >= 1 && report.signal <= 64);
    text_check(report.panic);
    text_check(report.error);
    free(text);
    return 0;
}
