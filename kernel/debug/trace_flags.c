/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments that are names, and those whose meaning another argument decides. */
#include "abi/linux/fcntl.h"
#include "abi/linux/futex.h"
#include "abi/linux/mman.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/sched.h"
#include "abi/linux/stat.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_names.h"
#include "kernel/debug/trace_put.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

/* All of these are of type int, or no larger. */
void trace_arg_choice(struct trace_call *call, u32 index, const struct trace_names *names)
{
    trace_put_choice(&call->text, names, (u32)call->args[index]);
}

void trace_arg_flags(struct trace_call *call, u32 index, const struct trace_names *names)
{
    trace_put_flags(&call->text, names, (u32)call->args[index]);
}

void trace_put_open_flags(struct text *text, u64 flags)
{
    trace_put_choice(text, &trace_open_access, flags & O_ACCMODE);
    trace_put_more_flags(text, &trace_open_flags, flags & ~(u64)O_ACCMODE);
}

void trace_arg_open_flags_arg(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_open_flags(&call->text, (u32)call->args[index]);
}

void trace_arg_mode_if_create(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u64 flags = call->args[index - 1];

    (void)names;
    if (!(flags & O_CREAT) && (flags & O_TMPFILE) != O_TMPFILE)
        return;
    text_put_string(&call->text, ", ");
    trace_put_octal(&call->text, (u16)call->args[index]);
}

void trace_arg_open_how(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct linux_open_how how;

    (void)names;
    if (!trace_fetch(call, index, &how, sizeof(how)))
        return;
    text_put_string(&call->text, "{flags=");
    trace_put_open_flags(&call->text, how.flags);
    if (how.flags & O_CREAT) {
        text_put_string(&call->text, ", mode=");
        trace_put_octal(&call->text, how.mode);
    }
    text_format(&call->text, ", resolve=%#llx}", (unsigned long long)how.resolve);
}

void trace_arg_at_statx(struct trace_call *call, u32 index, const struct trace_names *names)
{
    static const char *const sync[] = { "AT_STATX_SYNC_AS_STAT", "AT_STATX_FORCE_SYNC",
                                        "AT_STATX_DONT_SYNC", "AT_STATX_SYNC_TYPE" };
    u32 flags = (u32)call->args[index];

    text_format(&call->text, "%s", sync[(flags & AT_STATX_SYNC_TYPE) >> 13]);
    trace_put_more_flags(&call->text, names, flags & ~(u32)AT_STATX_SYNC_TYPE);
}

void trace_arg_mmap_flags(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 flags = (u32)call->args[index];

    (void)names;
    trace_put_choice(&call->text, &trace_map_type, flags & MAP_TYPE);
    trace_put_more_flags(&call->text, &trace_map_flags, flags & ~MAP_TYPE);
}

void trace_arg_mremap_to(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    if (!(call->args[index - 1] & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
        return;
    text_put_string(&call->text, ", ");
    trace_put_argument_address(call, index);
}

void trace_arg_device(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 device = (u32)call->args[index];
    u32 type = (u32)call->args[index - 1] & S_IFMT;

    (void)names;
    if (type != S_IFCHR && type != S_IFBLK)
        return;
    text_format(&call->text, ", makedev(%#x, %#x)", device >> 8 & 0xfff,
                (device & 0xff) | (device >> 12 & 0xfff00));
}

/* ---- fcntl. ---- */

static void put_file_lock(struct trace_call *call, u64 address)
{
    struct text *text = &call->text;
    struct linux_flock lock;

    if (copy_in(&lock, address, sizeof(lock)) < 0) {
        trace_put_address(text, address);
        return;
    }
    text_put_string(text, "{l_type=");
    trace_put_choice(text, &trace_lock_type, (u16)lock.l_type);
    text_put_string(text, ", l_whence=");
    trace_put_choice(text, &trace_seek, (u16)lock.l_whence);
    text_format(text, ", l_start=%lld, l_len=%lld}", (long long)lock.l_start,
                (long long)lock.l_len);
}

void trace_arg_fcntl(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    u32 command = (u32)call->args[index];
    u64 value = call->args[index + 1];

    (void)names;
    trace_put_choice(text, &trace_fcntl_command, command);
    switch (command) {
    case F_GETFD:
    case F_GETFL:
    case F_GETOWN:
    case F_GETSIG:
    case F_GETLEASE:
    case F_GETPIPE_SZ:
    case F_GET_SEALS:
        return;
    case F_SETFD:
        text_put_string(text, ", ");
        trace_put_flags(text, &trace_fd_flags, value);
        return;
    case F_SETFL:
        text_put_string(text, ", ");
        trace_put_open_flags(text, value);
        return;
    case F_SETLK:
    case F_SETLKW:
    case F_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
    case F_OFD_GETLK:
        text_put_string(text, ", ");
        put_file_lock(call, value);
        return;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
    case F_SETOWN:
    case F_SETPIPE_SZ:
        text_format(text, ", %d", (int)value);
        return;
    default:
        text_format(text, ", %#llx", (unsigned long long)value);
    }
}

/* ---- ioctl. ---- */

void trace_arg_ioctl_command(struct trace_call *call, u32 index, const struct trace_names *names)
{
    static const char *const directions[] = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
                                              "_IOC_READ|_IOC_WRITE" };
    u32 command = (u32)call->args[index];
    const char *name = trace_name_find(&trace_ioctl, command);

    (void)names;
    if (name) {
        text_put(&call->text, name, str_len(name));
    } else {
        text_format(&call->text, "_IOC(%s, %#x, %#x, %#x)", directions[command >> 30],
                    command >> 8 & 0xff, command & 0xff, command >> 16 & 0x3fff);
    }
}

static bool takes_a_number(u32 command)
{
    return command == FIONBIO || command == FIONREAD || command == FIOASYNC;
}

void trace_arg_ioctl_arg(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 number;

    (void)names;
    if (!takes_a_number((u32)call->args[index - 1]) || trace_has_failed(call) ||
        copy_in(&number, call->args[index], sizeof(number)) < 0) {
        text_format(&call->text, "%#llx", (unsigned long long)call->args[index]);
        return;
    }
    text_format(&call->text, "[%d]", (int)number);
}

/* ---- futex. ---- */

static void put_futex_op(struct text *text, u32 op)
{
    u32 flags = op & (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    const char *name = trace_name_find(&trace_futex_op, op & ~flags);

    if (!name) {
        text_format(text, "%#x /* FUTEX_??? */", op);
        return;
    }
    text_format(text, "%s%s%s", name, flags & FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "",
                flags & FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

static void put_bits(struct text *text, u64 bits)
{
    if ((u32)bits == FUTEX_BITSET_MATCH_ANY) {
        text_put_string(text, "FUTEX_BITSET_MATCH_ANY");
    } else {
        text_format(text, "%#x", (u32)bits);
    }
}

/* The operation and all that it takes. */
void trace_arg_futex(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    const u64 *rest = &call->args[index + 1]; /* value, timeout or count, second, third */
    u32 op = (u32)call->args[index];

    (void)names;
    put_futex_op(text, op);
    text_format(text, ", %u", (u32)rest[0]);
    switch (op & ~(u32)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) {
    case FUTEX_WAIT:
        text_put_string(text, ", ");
        trace_put_timespec(text, rest[1]);
        break;
    case FUTEX_WAIT_BITSET:
        text_put_string(text, ", ");
        trace_put_timespec(text, rest[1]);
        text_put_string(text, ", ");
        put_bits(text, rest[3]);
        break;
    case FUTEX_WAKE_BITSET:
        text_put_string(text, ", ");
        put_bits(text, rest[3]);
        break;
    case FUTEX_WAKE:
        break;
    case FUTEX_REQUEUE:
        text_format(text, ", %u, %#llx", (u32)rest[1], (unsigned long long)rest[2]);
        break;
    case FUTEX_CMP_REQUEUE:
        text_format(text, ", %u, %#llx, %u", (u32)rest[1], (unsigned long long)rest[2],
                    (u32)rest[3]);
        break;
    default:
        text_format(text, ", %#llx, %#llx, %#x", (unsigned long long)rest[1],
                    (unsigned long long)rest[2], (u32)rest[3]);
    }
}

/* ---- clone. ---- */

static void put_clone_flags(struct text *text, u64 flags)
{
    u64 signal = flags & CSIGNAL;
    size_t start = text->len;

    if (flags != signal || signal == 0)
        trace_put_flags(text, &trace_clone, flags & ~CSIGNAL);
    if (signal != 0) {
        if (text->len > start)
            text_put_char(text, '|');
        trace_put_signal(text, signal);
    }
}

/* strace shows what the kernel calls flags, stack, parent_tid, child_tid, tls in another order. */
void trace_arg_clone_args(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    const u64 *args = &call->args[index];

    (void)names;
    text_put_string(text, "child_stack=");
    trace_put_address(text, args[1]);
    text_put_string(text, ", flags=");
    put_clone_flags(text, args[0]);
    if (args[0] & CLONE_PARENT_SETTID)
        text_format(text, ", parent_tid=%#llx", (unsigned long long)args[2]);
    if (args[0] & CLONE_SETTLS)
        text_format(text, ", tls=%#llx", (unsigned long long)args[4]);
    if (args[0] & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
        text_format(text, ", child_tidptr=%#llx", (unsigned long long)args[3]);
}

static void put_clone3_fields(struct text *text, const struct abi_clone_args *args)
{
    text_put_string(text, "{flags=");
    trace_put_flags(text, &trace_clone, args->flags);
    if (args->flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
        text_format(text, ", child_tid=%#llx", (unsigned long long)args->child_tid);
    if (args->flags & CLONE_PARENT_SETTID)
        text_format(text, ", parent_tid=%#llx", (unsigned long long)args->parent_tid);
    text_put_string(text, ", exit_signal=");
    trace_put_signal(text, args->exit_signal);
    text_format(text, ", stack=%#llx, stack_size=%#llx", (unsigned long long)args->stack,
                (unsigned long long)args->stack_size);
    if (args->flags & CLONE_SETTLS)
        text_format(text, ", tls=%#llx", (unsigned long long)args->tls);
    text_put_char(text, '}');
}

void trace_arg_clone3(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_clone_args args;
    u32 tid;

    (void)names;
    if (call->args[index + 1] < 64 || copy_in(&args, call->args[index], 64) < 0) {
        trace_put_argument_address(call, index);
        return;
    }
    put_clone3_fields(&call->text, &args);
    if (!trace_has_failed(call) && args.flags & CLONE_PARENT_SETTID &&
        copy_in(&tid, args.parent_tid, sizeof(tid)) == 0)
        text_format(&call->text, " => {parent_tid=[%u]}", tid);
}

/* ---- prctl. ---- */

enum {
    OPTION_SET_NAME = 15, /* PR_SET_NAME */
    OPTION_SET_NO_NEW_PRIVS = 38,
    OPTION_SET_DUMPABLE = 4,
    OPTION_GET_DUMPABLE = 3,
    COMMAND_GET_FS = 0x1003, /* ARCH_GET_FS */
    COMMAND_GET_GS = 0x1004,
};

void trace_arg_prctl_arg(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    u32 option = (u32)call->args[index];

    (void)names;
    trace_put_choice(text, &trace_prctl, option);
    if (option == OPTION_GET_DUMPABLE)
        return;
    text_put_string(text, ", ");
    if (option == OPTION_SET_NAME) {
        trace_put_string(text, call->args[index + 1]);
        return;
    }
    text_format(text, option == OPTION_SET_NO_NEW_PRIVS ? "%llu" : "%#llx",
                (unsigned long long)call->args[index + 1]);
    for (u32 i = 2; i < 5 && option != OPTION_SET_DUMPABLE; i++)
        text_format(text, ", %#llx", (unsigned long long)call->args[index + i]);
}

void trace_arg_arch_prctl_arg(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u32 command = (u32)call->args[index - 1];
    u64 value;

    (void)names;
    if ((command == COMMAND_GET_FS || command == COMMAND_GET_GS) && !trace_has_failed(call) &&
        copy_in(&value, call->args[index], sizeof(value)) == 0) {
        text_format(&call->text, "[%#llx]", (unsigned long long)value);
        return;
    }
    text_format(&call->text, "%#llx", (unsigned long long)call->args[index]);
}
