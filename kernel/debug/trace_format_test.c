/* SPDX-License-Identifier: Apache-2.0 */
/* System calls as lines: what strace(1) prints for the same, taken from its output. */
#include "abi/linux/errors.h"
#include "abi/linux/nr_x86_64.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "abi/linux/socket.h"
#include "abi/linux/stat.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_put.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "test/unit/unit.h"

#include <string.h>

#define P(pointer) ((u64)(uintptr_t)(pointer))
#define NONE       (-100ull & 0xffffffff) /* AT_FDCWD, as a register has it. */

/* The program's memory: the test's own, or nothing but [lo, hi). */
static u64 readable_lo = 4096;
static u64 readable_hi = ~(u64)0;

int copy_in(void *to, uaddr_t from, size_t size)
{
    if (from < readable_lo || from > readable_hi || size > readable_hi - from)
        return -EFAULT;
    memcpy(to, (const void *)from, size);
    return 0;
}

long copy_in_text(char *to, uaddr_t from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (copy_in(&to[i], from + i, 1) < 0)
            return -EFAULT;
        if (to[i] == '\0')
            return (long)i;
    }
    return -ENAMETOOLONG;
}

static struct trace_call *line;

/* The whole line of a call. */
static const char *traced(u64 nr, const u64 *args, long result)
{
    free(line);
    line = calloc(1, sizeof(*line));
    line->nr = nr;
    memcpy(line->args, args, sizeof(line->args));
    trace_call_init(line);
    trace_call_begin(line);
    trace_call_end(line, result);
    return line->line;
}

static void check(const char *actual, const char *wanted)
{
    if (strcmp(actual, wanted) != 0) {
        fprintf(stderr, "is     %s\nnot    %s\n", actual, wanted);
        exit(1);
    }
}

static const char long_text[] = "0123456789012345678901234567890123456789";
static const int fds[2] = { 3, 4 };
static const struct linux_pollfd polled[2] = { { 3, POLLIN | POLLPRI, POLLIN }, { -1, 0, 0 } };
static const struct linux_epoll_event event = { POLLIN | EPOLLET | EPOLLONESHOT, 3 };
static const struct abi_sockaddr_in in = { AF_INET, { 0x5000 }, { 0x0100007f }, { 0 } };
static const u8 in6[28] = {
    10, 0, 0, 80, 0, 0, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, [23] = 2
};
static const struct abi_sockaddr_un un = { AF_UNIX, "/run/x" };
static const struct abi_sockaddr_un abstract = { AF_UNIX, "\0name" };
static const struct linux_stat regular = { .st_mode = S_IFREG | 0644, .st_size = 1327 };
static const struct linux_stat device = { .st_mode = S_IFCHR | 0666, .st_rdev = 0x103 };
static const u64 second[2] = { 1, 5 };
static const u64 limits[2] = { 8192ull * 1024, UINT64_MAX };
static const struct {
    u64 base, len;
} pieces[2] = { { P("hello"), 5 }, { P("world"), 5 } };
static const struct abi_sigaction action = { 0x401615, 0x14000000, 0x409920, 1u << 9 };
static const u64 most_signals = ~(u64)0x180000000;
static const u64 int_and_rt = 1u << 1 | 1ull << 33;
static const u32 name_room = 16;
static const u64 ready = 1u << 3;
static const u64 sysinfo[14] = { 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x10002, 10, 11, 12 };

static const struct {
    u64 nr;
    u64 args[6];
    long result;
    const char *text;
} lines[] = {
    /* Paths, flags, modes, errors. */
    { NR_openat,
      { NONE, P("/etc/hosts"), 02000000 },
      3,
      "openat(AT_FDCWD, \"/etc/hosts\", O_RDONLY|O_CLOEXEC) = 3" },
    { NR_openat,
      { NONE, P("a\"b\n\0011"), 0102, 04755 },
      -ENOENT,
      "openat(AT_FDCWD, \"a\\\"b\\n\\0011\", O_RDWR|O_CREAT, 04755) = -1 ENOENT (No such file "
      "or "
      "directory)" },
    { NR_openat,
      { 5, 1, 03 | 1u << 30 },
      -EFAULT,
      "openat(5, 0x1, O_ACCMODE|0x40000000)    = -1 EFAULT (Bad address)" },
    { NR_access, { P("/x"), 5 }, 0, "access(\"/x\", R_OK|X_OK)                 = 0" },
    { NR_access, { P("/x"), 0 }, 0, "access(\"/x\", F_OK)                      = 0" },
    { NR_umask, { 022 }, 077, "umask(022)                              = 077" },
    { NR_mkdir, { P("d"), 0755 }, 0, "mkdir(\"d\", 0755)                        = 0" },
    { NR_mknodat,
      { NONE, P("f"), S_IFIFO | 0600, 0x501 },
      0,
      "mknodat(AT_FDCWD, \"f\", S_IFIFO|0600)    = 0" },
    { NR_mknodat,
      { NONE, P("c"), S_IFCHR | 0600, 0x501 },
      0,
      "mknodat(AT_FDCWD, \"c\", S_IFCHR|0600, makedev(0x5, 0x1)) = 0" },

    /* Bytes in and out. */
    { NR_write,
      { 1, P(long_text), 40 },
      40,
      "write(1, \"01234567890123456789012345678901\"..., 40) = 40" },
    { NR_write,
      { 1, P("a\0b\377\1771\0012xyz"), 11 },
      11,
      "write(1, \"a\\0b\\377\\1771\\0012xyz\", 11)   = 11" },
    { NR_read, { 3, P("root:x"), 10 }, 4, "read(3, \"root\", 10)                     = 4" },
    { NR_read,
      { 3, 8, 10 },
      -EBADF,
      "read(3, 0x8, 10)                        = -1 EBADF (Bad file descriptor)" },
    { NR_writev,
      { 1, P(pieces), 2 },
      10,
      "writev(1, [{iov_base=\"hello\", iov_len=5}, {iov_base=\"world\", iov_len=5}], 2) = 10" },
    { NR_readv,
      { 1, P(pieces), 2 },
      7,
      "readv(1, [{iov_base=\"hello\", iov_len=5}, {iov_base=\"wo\", iov_len=5}], 2) = 7" },
    { NR_pipe2, { P(fds), 02004000 }, 0, "pipe2([3, 4], O_NONBLOCK|O_CLOEXEC)     = 0" },
    { NR_getcwd, { P("/tmp"), 99 }, 5, "getcwd(\"/tmp\", 99)                      = 5" },
    { NR_getrandom, { P("\x01\xff"), 2, 1 }, 2, "getrandom(\"\\x01\\xff\", 2, GRND_NONBLOCK) = 2" },

    /* Structures. */
    { NR_newfstatat,
      { 3, P(""), P(&regular), 0x1000 },
      0,
      "newfstatat(3, \"\", {st_mode=S_IFREG|0644, st_size=1327, ...}, AT_EMPTY_PATH) = 0" },
    { NR_stat,
      { P("/dev/null"), P(&device) },
      0,
      "stat(\"/dev/null\", {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0" },
    { NR_stat,
      { P("/x"), 0x1000 },
      -ENOENT,
      "stat(\"/x\", 0x1000)                      = -1 ENOENT (No such file or directory)" },
    { NR_prlimit64,
      { 0, 3, 0, P(limits) },
      0,
      "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0" },
    { NR_nanosleep, { P(second), 0 }, 0, "nanosleep({tv_sec=1, tv_nsec=5}, NULL)  = 0" },
    { NR_nanosleep,
      { P(second), P(second) },
      -ERESTART_RESTARTBLOCK,
      "nanosleep({tv_sec=1, tv_nsec=5}, {tv_sec=1, tv_nsec=5}) = ? ERESTART_RESTARTBLOCK "
      "(Interrupted by signal)" },

    { NR_sysinfo,
      { P(sysinfo) },
      0,
      "sysinfo({uptime=9, loads=[1, 2, 3], totalram=4, freeram=5, sharedram=6, bufferram=7, "
      "totalswap=8, freeswap=9, procs=2, totalhigh=10, freehigh=11, mem_unit=12}) = 0" },

    /* Memory. */
    { NR_mmap,
      { 0, 8192, 3, 0x22, -1, 0 },
      0x7f00000000,
      "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = "
      "0x7f00000000" },
    { NR_mprotect, { 0x1000, 4096, 0 }, 0, "mprotect(0x1000, 4096, PROT_NONE)       = 0" },
    { NR_mremap,
      { 0x1000, 1, 2, 1, 0x77 },
      0x2000,
      "mremap(0x1000, 1, 2, MREMAP_MAYMOVE)    = 0x2000" },
    { NR_brk, { 0 }, 0x5000, "brk(NULL)                               = 0x5000" },

    /* Readiness. */
    { NR_poll,
      { P(polled), 2, 100 },
      1,
      "poll([{fd=3, events=POLLIN|POLLPRI}, {fd=-1}], 2, 100) = 1 ([{fd=3, revents=POLLIN}])" },
    { NR_poll,
      { P(polled), 2, 100 },
      0,
      "poll([{fd=3, events=POLLIN|POLLPRI}, {fd=-1}], 2, 100) = 0 (Timeout)" },
    { NR_select,
      { 4, P(&ready), 0, 0, P(second) },
      1,
      "select(4, [3], NULL, NULL, {tv_sec=1, tv_usec=5}) = 1 (in [3], left {tv_sec=1, "
      "tv_usec=5})" },
    { NR_epoll_ctl,
      { 5, 1, 3, P(&event) },
      0,
      "epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLONESHOT|EPOLLET, data={u32=3, "
      "u64=3}}) = 0" },
    { NR_epoll_wait,
      { 5, P(&event), 8, -1 },
      1,
      "epoll_wait(5, [{events=EPOLLIN|EPOLLONESHOT|EPOLLET, data={u32=3, u64=3}}], 8, -1) = "
      "1" },
    { NR_epoll_wait, { 5, P(&event), 8, -1 }, 0, "epoll_wait(5, [], 8, -1)                = 0" },

    /* Signals. */
    { NR_rt_sigaction,
      { 10, P(&action), 0, 8 },
      0,
      "rt_sigaction(SIGUSR1, {sa_handler=0x401615, sa_mask=[USR1], "
      "sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x409920}, NULL, 8) = 0" },
    { NR_rt_sigprocmask,
      { 0, P(&most_signals), P(&int_and_rt), 8 },
      0,
      "rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [INT RT_2], 8) = 0" },
    { NR_tgkill, { 1, 2, 34 }, 0, "tgkill(1, 2, SIGRT_2)                   = 0" },

    /* Sockets. */
    { NR_socket,
      { AF_INET, 02004001, 0 },
      8,
      "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 8" },
    { NR_socket,
      { 99, 77, 0 },
      -EINVAL,
      "socket(0x63 /* AF_??? */, 0x4d /* SOCK_??? */, 0) = -1 EINVAL (Invalid argument)" },
    { NR_bind,
      { 3, P(&in), 16 },
      0,
      "bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) "
      "= "
      "0" },
    { NR_connect,
      { 3, P(in6), 28 },
      0,
      "connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
      "inet_pton(AF_INET6, \"fe80::1:0:0:2\", &sin6_addr), sin6_scope_id=0}, 28) = 0" },
    { NR_connect,
      { 3, P(&un), 110 },
      0,
      "connect(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 110) = 0" },
    { NR_connect,
      { 3, P(&abstract), 7 },
      0,
      "connect(3, {sa_family=AF_UNIX, sun_path=@\"name\"}, 7) = 0" },
    { NR_accept4,
      { 3, P(&in), P(&name_room), 02000000 },
      4,
      "accept4(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, "
      "[16], SOCK_CLOEXEC) = 4" },
    { NR_setsockopt, { 3, 6, 1, P(fds), 4 }, 0, "setsockopt(3, SOL_TCP, TCP_NODELAY, [3], 4) = 0" },
    { NR_sendto,
      { 3, P("hello"), 5, 0x4000, 0, 0 },
      5,
      "sendto(3, \"hello\", 5, MSG_NOSIGNAL, NULL, 0) = 5" },

    /* Those that depend on their operation. */
    { NR_futex,
      { 0x1000, 128, 2, 0 },
      -EAGAIN,
      "futex(0x1000, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily "
      "unavailable)" },
    { NR_futex,
      { 0x1000, 0x189, 0, P(second), 0, 0xffffffff },
      0,
      "futex(0x1000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=5}, "
      "FUTEX_BITSET_MATCH_ANY) = 0" },
    { NR_fcntl,
      { 3, 3 },
      0x800,
      "fcntl(3, F_GETFL)                       = 0x800 (flags "
      "O_RDONLY|O_NONBLOCK)" },
    { NR_fcntl, { 3, 2, 1 }, 0, "fcntl(3, F_SETFD, FD_CLOEXEC)           = 0" },
    { NR_ioctl, { 3, 0x541b, P(fds) }, 0, "ioctl(3, FIONREAD, [3])                 = 0" },
    { NR_ioctl,
      { 3, 0x12345678, 0x10 },
      -ENOTTY,
      "ioctl(3, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0x10) = -1 ENOTTY (Inappropriate ioctl "
      "for device)" },
    { NR_clone,
      { 0x3d0f00, 0x7000, 0x10, 0x20, 0x30 },
      5,
      "clone(child_stack=0x7000, "
      "flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|"
      "CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, parent_tid=0x10, "
      "tls=0x30, child_tidptr=0x20) = 5" },

    /* Nothing, and nothing known. */
    { NR_getpid, { 0 }, 1, "getpid()                                = 1" },
    { NR_io_uring_setup,
      { 1, 2, 3, 4, 5, 6 },
      -ENOSYS,
      "io_uring_setup(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)" },
    { 500,
      { 1, 2, 3, 4, 5, 6 },
      -ENOSYS,
      "syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)" },
};

TEST(trace_format, says_what_strace_says)
{
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        check(traced(lines[i].nr, lines[i].args, lines[i].result), lines[i].text);
}

TEST(trace_format, writes_down_a_length_that_a_call_changed)
{
    static u32 room = 128;

    line = calloc(1, sizeof(*line));
    *line = (struct trace_call){ .nr = NR_getsockname, .args = { 3, P(&in), P(&room) } };
    trace_call_init(line);
    trace_call_begin(line);
    check(line->line, "getsockname(3, ");
    room = 16;
    trace_call_end(line, 0);
    check(line->line, "getsockname(3, {sa_family=AF_INET, sin_port=htons(80), "
                      "sin_addr=inet_addr(\"127.0.0.1\")}, [128 => 16]) = 0");
}

TEST(trace_format, keeps_room_for_the_result_of_a_line_that_is_too_long)
{
    static char path[4096];
    const u64 args[6] = { P(path), P(path) };
    const char *text;

    memset(path, '\1', sizeof(path) - 1);
    text = traced(NR_rename, args, -ENOENT);
    CHECK(strlen(text) < TRACE_LINE_SIZE);
    check(strstr(text, "..."), "...) = -1 ENOENT (No such file or directory)");
}

TEST(trace_format, tells_where_a_signal_comes_from)
{
    static const struct {
        struct abi_siginfo info;
        const char *text;
    } cases[] = {
        { { .signo = 11, .code = SEGV_MAPERR, .fault = { .address = 0x10 } },
          "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}" },
        { { .signo = 10, .code = SI_TKILL, .sender = { .pid = 7 } },
          "{si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=7, si_uid=0}" },
        { { .signo = 15, .code = SI_KERNEL }, "{si_signo=SIGTERM, si_code=SI_KERNEL}" },
        { { .signo = 99, .code = -77 }, "{si_signo=99, si_code=0xffffffb3}" },
    };
    char bytes[128];

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct text text;

        text_init(&text, bytes, sizeof(bytes));
        trace_put_siginfo(&text, &cases[i].info);
        check(bytes, cases[i].text);
    }
}

/* Any call with any arguments ends in a line that is text and fits. */
TEST(trace_format, survives_arguments_at_random)
{
    static u64 memory[64];
    u64 random = 1;

    readable_lo = P(memory);
    readable_hi = P(memory + ARRAY_COUNT(memory));
    for (u32 round = 0; round < 60000; round++) {
        u64 args[6];
        const char *text;
        long result;

        for (u32 i = 0; i < ARRAY_COUNT(memory); i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            memory[i] = random >> 33 & 1 ? random >> (random >> 58) : 0;
        }
        for (u32 i = 0; i < ARRAY_COUNT(args); i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            args[i] = random >> 60 < 8 ? random >> (random >> 58) : random >> 60 & 7;
            if (random >> 57 & 1)
                args[i] = P(memory + (random >> 40 & 63));
        }
        result = (long)(random >> 20 & 8191) - 4096;
        text = traced(round % NR_COUNT, args, result);
        for (; *text != '\0'; text++)
            CHECK(*text >= ' ' && *text <= '~');
    }
}
