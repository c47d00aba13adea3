/* SPDX-License-Identifier: Apache-2.0 */
/* Whose lines come when: threads that overlap, calls that are hidden, counts, files told once. */
#include "kernel/debug/trace.h"

#include "abi/linux/errors.h"
#include "abi/linux/nr_x86_64.h"
#include "abi/linux/signal.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/power.h"
#include "kernel/core/thread.h"
#include "kernel/debug/trace_parts.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/path.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

/* ---- What the trace stands on. ---- */

static char told[8192];

void machine_report(const char *key, const char *value)
{
    size_t len = strlen(told);

    CHECK_EQ(fake_locks_held, 0);
    snprintf(told + len, sizeof(told) - len, "%s %s\n", key, value);
}

static const char *current = "/home";

struct path_node *path_current(void)
{
    return (struct path_node *)&current;
}

struct path_node *path_node_get(struct path_node *node)
{
    return node;
}

void path_node_put(struct path_node *node)
{
    (void)node;
}

long path_node_text(struct path_node *node, char *text, size_t size)
{
    return snprintf(text, size, "%s", *(const char **)node);
}

int path_find(struct path_node *base, const char *path, u32 flags, struct path_node **found)
{
    static const char *real = "/real/place";

    (void)base;
    (void)flags;
    *found = (struct path_node *)&real;
    return strcmp(path, "/link/../x") == 0 ? 0 : -ENOENT;
}

struct fdtable *current_fdtable(void)
{
    return NULL;
}

struct file *fdtable_get(struct fdtable *table, int fd)
{
    (void)table;
    (void)fd;
    return NULL;
}

void file_put(struct file *file)
{
    (void)file;
}

/* ---- Tests. ---- */

static struct manifest manifest;

static void start(bool calls, bool summary, bool files)
{
    manifest.trace = calls;
    manifest.syscall_summary = summary;
    manifest.trace_files = files;
    CHECK_EQ(trace_start(&manifest), 0);
}

static void check_told(const char *wanted)
{
    if (strcmp(told, wanted) != 0) {
        fprintf(stderr, "is\n%s\nnot\n%s\n", told, wanted);
        exit(1);
    }
    told[0] = '\0';
}

static struct trace_call *enter(u32 tid, bool others, u64 nr, u64 a, u64 b, u64 c)
{
    const u64 args[6] = { a, b, c };

    return trace_enter(tid, others, nr, args);
}

static void run(u64 nr, u64 a, u64 b, u64 c, long result)
{
    struct trace_call *call = enter(1, false, nr, a, b, c);

    thread_current()->runtime_ns += 100;
    trace_leave(call, false, result);
}

#define P(text) ((u64)(uintptr_t)(text))

TEST(trace, is_off_when_nothing_is_asked_for)
{
    start(false, false, false);
    CHECK(!trace_active);
}

TEST(trace, prints_a_call_in_one_line)
{
    start(true, false, false);
    CHECK(trace_active);
    run(NR_close, 3, 0, 0, 0);
    check_told("trace close(3)                                = 0\n");
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(trace, breaks_the_line_of_a_call_when_another_thread_speaks)
{
    struct trace_call *first;
    struct trace_call *second;

    start(true, false, false);
    first = enter(1, true, NR_read, 3, P("abc"), 9);
    second = enter(2, true, NR_close, 4, 0, 0);
    check_told("trace [pid     1] read(3,  <unfinished ...>\n");
    trace_leave(second, true, 0);
    check_told("trace [pid     2] close(4)                    = 0\n");
    trace_leave(first, false, 3);
    check_told("trace <... read resumed>\"abc\", 9)             = 3\n");
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(trace, prints_signals_and_ends)
{
    const struct abi_siginfo info = { .signo = SIGTERM, .code = SI_KERNEL };
    struct trace_call *call;

    start(true, false, false);
    call = enter(1, true, NR_pause, 0, 0, 0);
    trace_signal(2, true, &info);
    trace_leave(call, true, -ERESTARTNOHAND);
    trace_exited(2, true, 256 + 7);
    CHECK(!enter(1, false, NR_exit_group, 3, 0, 0));
    trace_killed(1, false, SIGSEGV);
    check_told(
        "trace [pid     1] pause( <unfinished ...>\n"
        "trace [pid     2] --- SIGTERM {si_signo=SIGTERM, si_code=SI_KERNEL} ---\n"
        "trace [pid     1] <... pause resumed>)        = ? ERESTARTNOHAND (To be restarted if "
        "no handler)\n"
        "trace [pid     2] +++ exited with 7 +++\n"
        "trace exit_group(3)                           = ?\n"
        "trace +++ killed by SIGSEGV +++\n");
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(trace, hides_what_it_is_told_to)
{
    manifest.notrace[0] = "read  close";
    manifest.notrace_count = 1;
    start(true, false, false);
    run(NR_close, 3, 0, 0, 0);
    run(NR_dup, 3, 0, 0, 4);
    check_told("trace dup(3)                                  = 4\n");
    manifest.notrace[0] = "reed";
    CHECK_EQ(trace_start(&manifest), -EINVAL);
    CHECK_EQ(fake_log_errors, 1);
}

TEST(trace, counts_calls_errors_and_time)
{
    start(false, true, false);
    run(NR_close, 3, 0, 0, 0);
    run(NR_close, 3, 0, 0, -EBADF);
    run(600, 0, 0, 0, -ENOSYS);
    (void)enter(1, false, NR_exit_group, 0, 0, 0);
    check_told("");
    trace_finish();
    check_told("syscalls close 2 1 200\nsyscalls exit_group 1 0 0\nsyscalls unknown 1 1 100\n");
}

TEST(trace, goes_without_a_line_when_memory_is_out)
{
    start(true, false, false);
    fake_alloc_fail_after = 0;
    run(NR_close, 3, 0, 0, 0);
    run(NR_dup, 3, 0, 0, 4);
    check_told("trace dup(3)                                  = 4\n");
}

TEST(trace_files, tells_each_path_once)
{
    start(false, false, true);
    run(NR_open, P("/etc/hosts"), 0, 0, 3);
    run(NR_stat, P("/etc//./hosts"), 0, 0, 0);
    run(NR_open, P("/etc/none"), 0, 0, -ENOENT);
    run(NR_open, P("/etc/none"), 0, 0, -ENOENT);
    run(NR_openat, (u32)-100, P("x/../y"), 0, 3);
    run(NR_openat, (u32)-100, P("/link/../x"), 0, 3);
    run(NR_readlink, P("/plain"), 0, 0, -EINVAL);
    run(NR_access, P("/locked"), 0, 0, -EACCES);
    run(NR_open, P("/none"), 0, 0, 3);
    run(NR_open, P("/none"), 0, 0, -ENOENT);
    run(NR_close, 3, 0, 0, 0);
    run(NR_open, 1, 0, 0, -EFAULT);
    run(NR_open, P(""), 0, 0, -ENOENT);
    trace_file("/lib/ld.so", 0);
    trace_file("/lib/ld.so.9", -ENOENT);
    trace_file("/lib/ld.so.8", -EIO);
    check_told("open /etc/hosts\nmissing /etc/none\nopen /home/y\nopen /real/place\nopen /plain\n"
               "open /locked\nopen /none\nmissing /none\nopen /lib/ld.so\nmissing /lib/ld.so.9\n");
}

TEST(trace_files, tells_no_lines_that_a_path_makes_up)
{
    start(false, false, true);
    run(NR_open, P("/a\nexit 0\\\303\244"), 0, 0, 3);
    check_told("open /a\\012exit 0\\134\\303\\244\n");
}

TEST(trace_files, stops_at_its_limit_and_says_so)
{
    static char path[16];

    start(false, false, true);
    for (u32 i = 0; i < 65536; i++) {
        snprintf(path, sizeof(path), "/%u", i);
        trace_file(path, 0);
        told[0] = '\0';
    }
    trace_file("/65536", 0);
    check_told("files-cut 65536\n");
    trace_file("/65537", 0);
    trace_file("/1", 0);
    check_told("");
}

TEST(trace_files, cleans_paths_by_their_text)
{
    static const struct {
        const char *path;
        const char *clean;
    } cases[] = {
        { "/", "/" },
        { "//", "/" },
        { "/a/", "/a" },
        { "/a/./b", "/a/b" },
        { "/a/../b", "/b" },
        { "/..", "/" },
        { "/../../a", "/a" },
        { "/a/b/../../c", "/c" },
        { "/a/..b/.c", "/a/..b/.c" },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[32];

        snprintf(text, sizeof(text), "%s", cases[i].path);
        trace_path_clean(text);
        CHECK_EQ(strcmp(text, cases[i].clean), 0);
    }
}
