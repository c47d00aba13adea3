/* SPDX-License-Identifier: Apache-2.0 */
/* Structures of time. */
#include "abi/linux/time.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_names.h"
#include "kernel/debug/trace_put.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

static void put_timespec(struct text *text, const struct abi_timespec *time)
{
    text_format(text, "{tv_sec=%lld, tv_nsec=%lld}", (long long)time->seconds, (long long)time->ns);
}

static void put_timeval(struct text *text, const struct abi_timeval *time)
{
    text_format(text, "{tv_sec=%lld, tv_usec=%lld}", (long long)time->seconds, (long long)time->us);
}

void trace_put_timespec(struct text *text, uaddr_t from)
{
    struct abi_timespec time;

    if (from == 0 || copy_in(&time, from, sizeof(time)) < 0) {
        trace_put_address(text, from);
    } else {
        put_timespec(text, &time);
    }
}

void trace_arg_timespec(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_timespec time;

    (void)names;
    if (trace_fetch(call, index, &time, sizeof(time)))
        put_timespec(&call->text, &time);
}

void trace_arg_timeval(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_timeval time;

    (void)names;
    if (trace_fetch(call, index, &time, sizeof(time)))
        put_timeval(&call->text, &time);
}

/* nanosleep(2): the rest is there only when a signal came. */
void trace_arg_timespec_left(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_timespec time;

    (void)names;
    if (call->result < 0 && call->args[index] != 0 &&
        copy_in(&time, call->args[index], sizeof(time)) == 0) {
        put_timespec(&call->text, &time);
    } else {
        trace_put_argument_address(call, index);
    }
}

void trace_put_time_left(struct trace_call *call)
{
    struct abi_timeval time;

    if (copy_in(&time, call->args[4], sizeof(time)) < 0) {
        trace_put_address(&call->text, call->args[4]);
    } else if (trace_is_pselect(call)) {
        text_format(&call->text, "{tv_sec=%lld, tv_nsec=%lld}", (long long)time.seconds,
                    (long long)time.us);
    } else {
        put_timeval(&call->text, &time);
    }
}

static void put_utime(struct text *text, const struct abi_timespec *time)
{
    if (time->ns == UTIME_NOW) {
        text_put_string(text, "UTIME_NOW");
    } else if (time->ns == UTIME_OMIT) {
        text_put_string(text, "UTIME_OMIT");
    } else {
        put_timespec(text, time);
    }
}

void trace_arg_timespecs(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_timespec times[2];

    (void)names;
    if (!trace_fetch(call, index, times, sizeof(times)))
        return;
    text_put_char(&call->text, '[');
    put_utime(&call->text, &times[0]);
    text_put_string(&call->text, ", ");
    put_utime(&call->text, &times[1]);
    text_put_char(&call->text, ']');
}

void trace_arg_itimerspec(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_itimerspec timer;

    (void)names;
    if (!trace_fetch(call, index, &timer, sizeof(timer)))
        return;
    text_put_string(&call->text, "{it_interval=");
    put_timespec(&call->text, &timer.interval);
    text_put_string(&call->text, ", it_value=");
    put_timespec(&call->text, &timer.value);
    text_put_char(&call->text, '}');
}

void trace_arg_itimerval(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_itimerval timer;

    (void)names;
    if (!trace_fetch(call, index, &timer, sizeof(timer)))
        return;
    text_put_string(&call->text, "{it_interval=");
    put_timeval(&call->text, &timer.interval);
    text_put_string(&call->text, ", it_value=");
    put_timeval(&call->text, &timer.value);
    text_put_char(&call->text, '}');
}

void trace_arg_sigevent(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_sigevent event;

    (void)names;
    if (!trace_fetch(call, index, &event, sizeof(event)))
        return;
    text_put_string(&call->text, "{sigev_signo=");
    trace_put_signal(&call->text, (u32)event.signo);
    text_put_string(&call->text, ", sigev_notify=");
    trace_put_choice(&call->text, &trace_sigev, (u32)event.notify);
    text_put_char(&call->text, '}');
}

void trace_arg_timer_id_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 id;

    (void)names;
    if (trace_fetch(call, index, &id, sizeof(id)))
        text_format(&call->text, "[%d]", (int)id);
}
