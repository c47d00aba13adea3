/* SPDX-License-Identifier: Apache-2.0 */
/* Whose line it is: threads, the order of their lines, and what they begin with. */
#include "kernel/debug/trace.h"

#include "abi/linux/errors.h"
#include "abi/linux/nr_x86_64.h"
#include "abi/linux/signal.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/power.h"
#include "kernel/core/log.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_parts.h"
#include "kernel/debug/trace_put.h"
#include "kernel/mm/heap.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"

enum {
    EVENT_SIZE = 256, /* Of a line that is not a call. */
};

bool trace_active;

static bool shows_calls; /* [const] All three. */
static bool counts_calls;
static bool notes_files;
static u8 hidden[(NR_COUNT + 7) / 8]; /* [const] A bit for each call that is not shown. */

static struct mutex lock; /* LOCK_RANK_TRACE */

/* The call whose first half is written and not printed. Under `lock`. */
static struct trace_call *pending;

/* ---- What is asked for. ---- */

static bool is_hidden(u64 nr)
{
    return nr < NR_COUNT && hidden[nr / 8] >> nr % 8 & 1;
}

static bool hide(const char *name, size_t len)
{
    for (u32 nr = 0; nr < NR_COUNT; nr++) {
        const char *known = trace_call_name(nr);

        if (known && str_len(known) == len && mem_equal(known, name, len)) {
            hidden[nr / 8] |= (u8)(1u << nr % 8);
            return true;
        }
    }
    return false;
}

/* Names, a space between them. */
static int hide_all(const char *names)
{
    while (*names != '\0') {
        size_t len = 0;

        while (names[len] != ' ' && names[len] != '\0')
            len++;
        if (len > 0 && !hide(names, len)) {
            log_error("manifest: notrace: no system call is called '%.*s'", (int)len, names);
            return -EINVAL;
        }
        names += len;
        while (*names == ' ')
            names++;
    }
    return 0;
}

int trace_start(const struct manifest *manifest)
{
    int err = 0;

    mutex_init(&lock, LOCK_RANK_TRACE);
    for (u32 i = 0; i < manifest->notrace_count && err == 0; i++)
        err = hide_all(manifest->notrace[i]);
    shows_calls = manifest->trace;
    counts_calls = manifest->syscall_summary;
    notes_files = manifest->trace_files;
    if (err == 0 && counts_calls)
        err = trace_summary_start();
    if (err == 0 && notes_files)
        err = trace_files_start();
    trace_active = err == 0 && (shows_calls || counts_calls || notes_files);
    return err;
}

/* ---- Lines. ---- */

static void put_pid(struct text *text, u32 tid, bool others)
{
    if (others)
        text_format(text, "[pid %5u] ", tid);
}

static void report(struct trace_call *call) HOLDS(&lock)
{
    machine_report("trace", call->line);
}

/* Prints what there is of the call that is being written, so that another line may follow. */
static void break_pending(void) HOLDS(&lock)
{
    if (!pending)
        return;
    pending->text.size = sizeof(pending->line);
    text_format(&pending->text, " <unfinished ...>");
    report(pending);
    pending->is_broken = true;
    pending = NULL;
}

void trace_report(const char *key, const char *value)
{
    mutex_lock(&lock);
    machine_report(key, value);
    mutex_unlock(&lock);
}

static void report_event(const char *line)
{
    mutex_lock(&lock);
    break_pending();
    machine_report("trace", line);
    mutex_unlock(&lock);
}

/* ---- Calls. ---- */

static bool never_returns(u64 nr)
{
    return nr == NR_exit || nr == NR_exit_group;
}

/* It does not come back for the rest of its line, nor to be freed. */
static void end_now(struct trace_call *call)
{
    if (call->is_shown) {
        trace_call_end_unknown(call);
        report_event(call->line);
    }
    heap_free(call);
}

/* From now on any other line breaks this one. */
static void pending_set(struct trace_call *call)
{
    mutex_lock(&lock);
    break_pending();
    pending = call;
    mutex_unlock(&lock);
}

struct trace_call *trace_enter(u32 tid, bool others, u64 nr, const u64 *args)
{
    struct trace_call *call;

    if (counts_calls)
        trace_summary_count(nr);
    call = heap_alloc(sizeof(*call));
    if (!call)
        return NULL;
    mem_zero(call, offsetof(struct trace_call, line));
    call->nr = nr;
    call->tid = tid;
    call->is_shown = shows_calls && !is_hidden(nr);
    mem_copy(call->args, args, sizeof(call->args));
    trace_call_init(call);
    if (call->is_shown) {
        put_pid(&call->text, tid, others);
        trace_call_begin(call);
    }
    if (never_returns(nr)) {
        end_now(call);
        return NULL;
    }
    if (call->is_shown)
        pending_set(call);
    call->cpu_ns = counts_calls ? sched_runtime_ns(thread_current()) : 0;
    return call;
}

static void end_line(struct trace_call *call, bool others, long result)
{
    bool is_broken;

    mutex_lock(&lock);
    if (pending == call)
        pending = NULL;
    is_broken = call->is_broken;
    mutex_unlock(&lock);

    if (is_broken) {
        const char *name = trace_call_name(call->nr);

        trace_call_init(call);
        put_pid(&call->text, call->tid, others);
        text_format(&call->text, "<... %s resumed>", name ? name : "syscall");
    }
    trace_call_end(call, result);
    report_event(call->line);
}

void trace_leave(struct trace_call *call, bool others, long result)
{
    if (!call)
        return;
    if (counts_calls)
        trace_summary_result(call->nr, result, sched_runtime_ns(thread_current()) - call->cpu_ns);
    if (call->is_shown)
        end_line(call, others, result);
    if (notes_files)
        trace_files_note(call, result);
    heap_free(call);
}

/* ---- Signals and ends. ---- */

/* A line that is not a call. */
struct event {
    char line[EVENT_SIZE];
    struct text text;
};

static void event_init(struct event *event, u32 tid, bool others)
{
    text_init(&event->text, event->line, sizeof(event->line));
    put_pid(&event->text, tid, others);
}

void trace_signal(u32 tid, bool others, const struct abi_siginfo *info)
{
    struct event event;

    if (!shows_calls)
        return;
    event_init(&event, tid, others);
    text_put_string(&event.text, "--- ");
    trace_put_signal(&event.text, (u32)info->signo);
    text_put_char(&event.text, ' ');
    trace_put_siginfo(&event.text, info);
    text_put_string(&event.text, " ---");
    report_event(event.line);
}

void trace_exited(u32 tid, bool others, int status)
{
    struct event event;

    if (!shows_calls)
        return;
    event_init(&event, tid, others);
    text_format(&event.text, "+++ exited with %d +++", status & 0xff);
    report_event(event.line);
}

void trace_killed(u32 tid, bool others, int signal)
{
    struct event event;

    if (!shows_calls)
        return;
    event_init(&event, tid, others);
    text_put_string(&event.text, "+++ killed by ");
    trace_put_signal(&event.text, (u32)signal);
    text_put_string(&event.text, " +++");
    report_event(event.line);
}

void trace_file(const char *path, int err)
{
    if (notes_files && (err == 0 || err == -ENOENT || err == -ENOTDIR))
        trace_files_path(path, err == 0);
}

void trace_finish(void)
{
    if (counts_calls)
        trace_summary_tell();
}
