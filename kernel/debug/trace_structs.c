/* SPDX-License-Identifier: Apache-2.0 */
/* Structures about files, limits and readiness. */
#include "abi/linux/nr_x86_64.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_names.h"
#include "kernel/debug/trace_put.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    FDS_MAX = 1024, /* Of select(2). */
    CPUS_MAX = 1024,
    UTS_FIELD_SIZE = 65,
};

struct rlimit64 {
    u64 soft;
    u64 hard;
};

/* ---- Files. ---- */

static void put_mode(struct text *text, u32 mode)
{
    trace_put_choice(text, &trace_file_type, mode & S_IFMT);
    text_put_char(text, '|');
    trace_put_octal(text, mode & ~S_IFMT);
}

static bool is_device(u32 mode)
{
    return (mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK;
}

void trace_arg_stat(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    struct linux_stat stat;

    (void)names;
    if (!trace_fetch(call, index, &stat, sizeof(stat)))
        return;
    text_put_string(text, "{st_mode=");
    put_mode(text, stat.st_mode);
    if (is_device(stat.st_mode)) {
        text_format(text, ", st_rdev=makedev(%#x, %#x)", (u32)(stat.st_rdev >> 8 & 0xfff),
                    (u32)((stat.st_rdev & 0xff) | (stat.st_rdev >> 12 & 0xfff00)));
    } else {
        text_format(text, ", st_size=%lld", (long long)stat.st_size);
    }
    text_put_string(text, ", ...}");
}

void trace_arg_statx(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    struct linux_statx statx;

    (void)names;
    if (!trace_fetch(call, index, &statx, sizeof(statx)))
        return;
    text_put_string(text, "{stx_mask=");
    trace_put_flags(text, &trace_statx_mask, statx.stx_mask);
    text_put_string(text, ", stx_attributes=");
    text_format(text, "%#llx", (unsigned long long)statx.stx_attributes);
    text_put_string(text, ", stx_mode=");
    put_mode(text, statx.stx_mode);
    text_format(text, ", stx_size=%llu, ...}", (unsigned long long)statx.stx_size);
}

static const char *magic_name(u64 magic)
{
    switch (magic) {
    case TMPFS_MAGIC:
        return "TMPFS_MAGIC";
    case PROC_MAGIC:
        return "PROC_SUPER_MAGIC";
    case SYSFS_MAGIC:
        return "SYSFS_MAGIC";
    case EXT4_MAGIC:
        return "EXT2_SUPER_MAGIC";
    default:
        return NULL;
    }
}

void trace_arg_statfs(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    struct linux_statfs statfs;
    const char *magic;

    (void)names;
    if (!trace_fetch(call, index, &statfs, sizeof(statfs)))
        return;
    magic = magic_name((u64)statfs.f_type);
    if (magic) {
        text_format(text, "{f_type=%s", magic);
    } else {
        text_format(text, "{f_type=%#llx", (unsigned long long)statfs.f_type);
    }
    text_format(text, ", f_bsize=%lld, f_blocks=%llu, f_bfree=%llu, ...}",
                (long long)statfs.f_bsize, (unsigned long long)statfs.f_blocks,
                (unsigned long long)statfs.f_bfree);
}

void trace_arg_utsname(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    u8 fields[2 * UTS_FIELD_SIZE];

    (void)names;
    if (!trace_fetch(call, index, fields, sizeof(fields)))
        return;
    text_put_string(text, "{sysname=");
    trace_put_quoted(text, fields, str_len_max((const char *)fields, UTS_FIELD_SIZE));
    text_put_string(text, ", nodename=");
    trace_put_quoted(text, fields + UTS_FIELD_SIZE,
                     str_len_max((const char *)fields + UTS_FIELD_SIZE, UTS_FIELD_SIZE));
    text_put_string(text, ", ...}");
}

/* struct sysinfo, as sysinfo(2) fills it in. */
struct sysinfo_fields {
    u64 uptime;
    u64 loads[3];
    u64 memory[6];
    u16 procs;
    u64 high[2];
    u32 mem_unit;
};
static_assert(sizeof(struct sysinfo_fields) == 112, "sysinfo(2)");

void trace_arg_sysinfo(struct trace_call *call, u32 index, const struct trace_names *names)
{
    static const char *const memory_names[] = { "totalram",  "freeram",   "sharedram",
                                                "bufferram", "totalswap", "freeswap" };
    struct text *text = &call->text;
    struct sysinfo_fields info;

    (void)names;
    if (!trace_fetch(call, index, &info, sizeof(info)))
        return;
    text_format(text, "{uptime=%llu, loads=[%llu, %llu, %llu]", (unsigned long long)info.uptime,
                (unsigned long long)info.loads[0], (unsigned long long)info.loads[1],
                (unsigned long long)info.loads[2]);
    for (u32 i = 0; i < ARRAY_COUNT(memory_names); i++)
        text_format(text, ", %s=%llu", memory_names[i], (unsigned long long)info.memory[i]);
    text_format(text, ", procs=%u, totalhigh=%llu, freehigh=%llu, mem_unit=%u}", info.procs,
                (unsigned long long)info.high[0], (unsigned long long)info.high[1], info.mem_unit);
}

/* ---- Limits and CPUs. ---- */

static void put_limit(struct trace_call *call, u64 limit)
{
    if (limit == UINT64_MAX) {
        text_format(&call->text, call->nr == NR_prlimit64 ? "RLIM64_INFINITY" : "RLIM_INFINITY");
    } else if (limit > 1024 && limit % 1024 == 0) {
        text_format(&call->text, "%llu*1024", (unsigned long long)(limit / 1024));
    } else {
        text_format(&call->text, "%llu", (unsigned long long)limit);
    }
}

void trace_arg_rlimit(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct rlimit64 limit;

    (void)names;
    if (!trace_fetch(call, index, &limit, sizeof(limit)))
        return;
    text_put_string(&call->text, "{rlim_cur=");
    put_limit(call, limit.soft);
    text_put_string(&call->text, ", rlim_max=");
    put_limit(call, limit.hard);
    text_put_char(&call->text, '}');
}

void trace_arg_rusage_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    s64 times[4];

    (void)names;
    if (!trace_fetch(call, index, times, sizeof(times)))
        return;
    text_format(&call->text,
                "{ru_utime={tv_sec=%lld, tv_usec=%lld}, ru_stime={tv_sec=%lld, tv_usec=%lld}, "
                "...}",
                (long long)times[0], (long long)times[1], (long long)times[2], (long long)times[3]);
}

static void put_cpus(struct trace_call *call, u32 index, u64 size)
{
    u64 words[CPUS_MAX / 64];
    const char *before = "";

    size = u64_min(size, sizeof(words)) & ~(u64)7;
    if (!trace_fetch(call, index, words, size))
        return;
    text_put_char(&call->text, '[');
    for (u32 cpu = 0; cpu < size * 8; cpu++) {
        if (words[cpu / 64] >> cpu % 64 & 1) {
            text_format(&call->text, "%s%u", before, cpu);
            before = " ";
        }
    }
    text_put_char(&call->text, ']');
}

void trace_arg_cpus_in(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    put_cpus(call, index, (u32)call->args[index - 1]);
}

void trace_arg_cpus_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    put_cpus(call, index, (u64)call->result);
}

/* ---- Readiness. ---- */

void trace_arg_pollfds(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    u64 count = (u32)call->args[index + 1];
    struct linux_pollfd entry;

    (void)names;
    if (call->args[index] == 0 || (count > 0 && !trace_fetch(call, index, &entry, sizeof(entry)))) {
        if (call->args[index] == 0)
            text_put_string(text, "NULL");
        return;
    }
    text_put_char(text, '[');
    for (u64 i = 0; i < count; i++) {
        if (i > 0)
            text_put_string(text, ", ");
        if (i == TRACE_ITEMS_MAX ||
            copy_in(&entry, call->args[index] + i * sizeof(entry), sizeof(entry)) < 0) {
            text_put_string(text, "...");
            break;
        }
        text_format(text, "{fd=%d", entry.fd);
        if (entry.fd >= 0) {
            text_put_string(text, ", events=");
            trace_put_flags(text, &trace_poll_events, entry.events);
        }
        text_put_char(text, '}');
    }
    text_put_char(text, ']');
}

/* The words of a set of select(2): how many descriptors are in it, or -1. */
static int set_read(const struct trace_call *call, u32 index, u64 *words)
{
    u64 count = u64_min((u32)call->args[0], FDS_MAX);
    u64 size = (count + 63) / 64 * 8;

    if ((int)call->args[0] < 0 || copy_in(words, call->args[index], size) < 0)
        return -1;
    return (int)count;
}

bool trace_fd_set_has(const struct trace_call *call, u32 index)
{
    u64 words[FDS_MAX / 64];
    int count = set_read(call, index, words);

    for (int fd = 0; fd < count; fd++) {
        if (words[fd / 64] >> fd % 64 & 1)
            return true;
    }
    return false;
}

void trace_arg_fd_set(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u64 words[FDS_MAX / 64];
    const char *before = "";
    int count = call->args[index] != 0 ? set_read(call, index, words) : -1;

    (void)names;
    if (count <= 0) {
        trace_put_argument_address(call, index);
        return;
    }
    text_put_char(&call->text, '[');
    for (int fd = 0; fd < count; fd++) {
        if (words[fd / 64] >> fd % 64 & 1) {
            text_format(&call->text, "%s%d", before, fd);
            before = " ";
        }
    }
    text_put_char(&call->text, ']');
}

bool trace_is_pselect(const struct trace_call *call)
{
    return call->nr == NR_pselect6;
}

static void put_epoll_event(struct text *text, const struct linux_epoll_event *event)
{
    text_put_string(text, "{events=");
    trace_put_flags(text, &trace_epoll_events, event->events);
    text_format(text, ", data={u32=%u, u64=%llu}}", (u32)event->data,
                (unsigned long long)event->data);
}

void trace_arg_epoll_event(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct linux_epoll_event event;

    (void)names;
    if (call->args[1] == EPOLL_CTL_DEL) {
        trace_put_argument_address(call, index);
    } else if (trace_fetch(call, index, &event, sizeof(event))) {
        put_epoll_event(&call->text, &event);
    }
}

void trace_arg_epoll_events_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct linux_epoll_event event;

    (void)names;
    if (call->result < 0) {
        trace_put_argument_address(call, index);
        return;
    }
    text_put_char(&call->text, '[');
    for (long i = 0; i < call->result; i++) {
        if (i > 0)
            text_put_string(&call->text, ", ");
        if (i == TRACE_ITEMS_MAX ||
            copy_in(&event, call->args[index] + (u64)i * sizeof(event), sizeof(event)) < 0) {
            text_put_string(&call->text, "...");
            break;
        }
        put_epoll_event(&call->text, &event);
    }
    text_put_char(&call->text, ']');
}
