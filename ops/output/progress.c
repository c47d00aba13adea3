/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/output/progress.h"

#include "ops/cli/ui.h"
#include "ops/output/human.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    QUIET_NS = 500 * 1000 * 1000, /* Nothing is drawn before. */
    FRAME_NS = 100 * 1000 * 1000,
    SPINNER_NS = 100 * 1000 * 1000,
    BAR_WIDTH = 24,
    WHAT_WIDTH_MAX = 24,
};

#define LINE_CLEAR "\r\033[K"

static uint64_t now_get(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void progress_start(struct progress *progress, const char *what, uint64_t total)
{
    *progress = (struct progress){ .what = what, .total = total, .start_ns = now_get() };
}

/* How much longer it takes at the speed so far; "" while that says nothing. */
static void rest_format(char text[HUMAN_SIZE_MAX + 8], const struct progress *progress,
                        uint64_t now_ns)
{
    double passed_ns = (double)(now_ns - progress->start_ns);
    double rest_ns =
        passed_ns / (double)progress->done * (double)(progress->total - progress->done);
    char span[HUMAN_SIZE_MAX];

    *text = '\0';
    if (rest_ns >= 1e9 && rest_ns < 1e15) {
        /* Whole seconds: tenths would flicker. */
        human_span(span, (uint64_t)(rest_ns / 1e9) * 1000000000);
        snprintf(text, HUMAN_SIZE_MAX + 8, ", %s left", span);
    }
}

static void bar_format(char line[PROGRESS_LINE_MAX], const struct progress *progress, uint64_t done,
                       uint64_t now_ns)
{
    char bar[BAR_WIDTH + 1];
    char done_text[HUMAN_SIZE_MAX];
    char total_text[HUMAN_SIZE_MAX];
    char rest[HUMAN_SIZE_MAX + 8] = "";
    double share = (double)done / (double)progress->total;

    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)(share * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    if (done > 0 && done < progress->total)
        rest_format(rest, progress, now_ns);
    snprintf(line, PROGRESS_LINE_MAX, "%-.*s [%s] %3u%%  %s of %s%s", WHAT_WIDTH_MAX,
             progress->what, bar, (unsigned)(share * 100), human_bytes(done_text, done),
             human_bytes(total_text, progress->total), rest);
}

char *progress_line(char line[PROGRESS_LINE_MAX], const struct progress *progress, uint64_t now_ns)
{
    static const char spinner[] = "|/-\\";
    char done[HUMAN_SIZE_MAX];

    if (progress->total > 0) {
        bar_format(line, progress,
                   progress->done < progress->total ? progress->done : progress->total, now_ns);
        return line;
    }
    snprintf(line, PROGRESS_LINE_MAX, "%-.*s %c %s", WHAT_WIDTH_MAX, progress->what,
             spinner[(now_ns - progress->start_ns) / SPINNER_NS % (sizeof(spinner) - 1)],
             progress->done > 0 ? human_bytes(done, progress->done) : "");
    return line;
}

void progress_add(struct progress *progress, uint64_t bytes)
{
    char line[PROGRESS_LINE_MAX];
    uint64_t now_ns = now_get();

    progress->done += bytes;
    if (now_ns - progress->start_ns < QUIET_NS || now_ns - progress->drawn_ns < FRAME_NS ||
        !ui_draws())
        return;
    progress->drawn_ns = now_ns;
    fprintf(stderr, LINE_CLEAR "%.79s", progress_line(line, progress, now_ns));
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->drawn_ns != 0) {
        fputs(LINE_CLEAR, stderr);
        fflush(stderr);
    }
    progress->drawn_ns = 0;
}
