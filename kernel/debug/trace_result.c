/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/debug/trace_result.h"

#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "kernel/debug/trace_names.h"
#include "kernel/debug/trace_put.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    ERROR_MAX = 4095, /* Results from -ERROR_MAX on are errors. */
};

static const u8 error_numbers[] = {
#define ERROR(name, text) name,
#include "kernel/debug/trace_errors.def"
#undef ERROR
};

/* "EPERM (Operation not permitted)" and so on, each ended by a NUL: no pointers to relocate. */
static const char error_texts[] =
#define ERROR(name, text) #name " (" text ")\0"
#include "kernel/debug/trace_errors.def"
#undef ERROR
    ;

static const char *error_find(long number)
{
    const char *text = error_texts;

    for (u32 i = 0; i < ARRAY_COUNT(error_numbers); i++) {
        if (error_numbers[i] == number)
            return text;
        text += str_len(text) + 1;
    }
    return NULL;
}

/* What a signal interrupted: the program will not see this number. */
static const char *restart_find(long number)
{
    switch (number) {
    case ERESTARTSYS:
        return "ERESTARTSYS (To be restarted if SA_RESTART is set)";
    case ERESTARTNOINTR:
        return "ERESTARTNOINTR (To be restarted)";
    case ERESTARTNOHAND:
        return "ERESTARTNOHAND (To be restarted if no handler)";
    case ERESTART_RESTARTBLOCK:
        return "ERESTART_RESTARTBLOCK (Interrupted by signal)";
    default:
        return NULL;
    }
}

static void put_error(struct text *text, long number)
{
    const char *restart = restart_find(number);
    const char *error = error_find(number);

    if (restart) {
        text_format(text, "? %s", restart);
    } else if (error) {
        text_format(text, "-1 %s", error);
    } else {
        text_format(text, "-1 (errno %ld)", number);
    }
}

static void put_ready(struct trace_call *call)
{
    struct text *text = &call->text;
    u64 count = u64_min(call->args[1], TRACE_ITEMS_MAX);
    const char *before = " ([";
    struct linux_pollfd entry;

    if (call->result == 0) {
        text_put_string(text, " (Timeout)");
        return;
    }
    for (u64 i = 0; i < count; i++) {
        if (copy_in(&entry, call->args[0] + i * sizeof(entry), sizeof(entry)) < 0)
            break;
        if (entry.revents == 0)
            continue;
        text_format(text, "%s{fd=%d, revents=", before, entry.fd);
        trace_put_flags(text, &trace_poll_events, entry.revents);
        text_put_char(text, '}');
        before = ", ";
    }
    if (before[0] == ',')
        text_put_string(text, "])");
}

static void put_selected(struct trace_call *call)
{
    static const char *const sets[] = { "in ", "out ", "except " };
    struct text *text = &call->text;
    const char *before = " (";

    if (call->result == 0) {
        text_put_string(text, " (Timeout)");
        return;
    }
    for (u32 i = 0; i < ARRAY_COUNT(sets); i++) {
        if (call->args[1 + i] == 0 || !trace_fd_set_has(call, 1 + i))
            continue;
        text_format(text, "%s%s", before, sets[i]);
        trace_arg_fd_set(call, 1 + i, NULL);
        before = ", ";
    }
    if (call->args[4] != 0) {
        text_format(text, "%sleft ", before);
        trace_put_time_left(call);
        before = ", ";
    }
    if (before[0] == ',')
        text_put_char(text, ')');
}

static void put_fcntl(struct trace_call *call)
{
    struct text *text = &call->text;
    u64 value = (u64)call->result;

    if (call->args[1] == F_GETFL) {
        text_format(text, "%#llx (flags ", (unsigned long long)value);
        trace_put_open_flags(text, value);
        text_put_char(text, ')');
    } else if (call->args[1] == F_GETFD && value != 0) {
        text_format(text, "%#llx (flags ", (unsigned long long)value);
        trace_put_flags(text, &trace_fd_flags, value);
        text_put_char(text, ')');
    } else {
        text_format(text, "%ld", call->result);
    }
}

void trace_put_result(struct trace_call *call, enum trace_result kind)
{
    struct text *text = &call->text;
    long result = call->result;

    if (result < 0 && result >= -ERROR_MAX) {
        put_error(text, -result);
    } else if (kind == R_HEX) {
        text_format(text, "%#lx", (unsigned long)result);
    } else if (kind == R_OCT) {
        text_format(text, "%#03lo", (unsigned long)result);
    } else if (kind == R_FCNTL) {
        put_fcntl(call);
    } else {
        text_format(text, "%ld", result);
    }
    if (kind == R_POLL && result >= 0)
        put_ready(call);
    if (kind == R_SELECT && result >= 0)
        put_selected(call);
}
