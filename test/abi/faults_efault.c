/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bad addresses to system calls: the first page, a page without rights, the kernel's half and
 * addresses that are none. Each is EFAULT and harms nobody. Where a call may rightly find another
 * error first, the row says which.
 */
#include "test/abi/abi.h"

#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
    BAD = -77777, /* Stands for the bad address in a row. */
    FD = -88888,  /* For the descriptor given to the round. */
};

struct row {
    const char *name;
    long number;
    long args[6];
    int other; /* An errno that is right as well, or 0. */
};

static const struct row file_calls[] = {
    { "read", SYS_read, { FD, BAD, 16 }, 0 },
    { "write", SYS_write, { FD, BAD, 16 }, 0 },
    { "pread64", SYS_pread64, { FD, BAD, 16, 0 }, 0 },
    { "readv", SYS_readv, { FD, BAD, 2 }, 0 },
    { "writev", SYS_writev, { FD, BAD, 2 }, 0 },
    { "preadv", SYS_preadv, { FD, BAD, 2, 0 }, 0 },
    { "fstat", SYS_fstat, { FD, BAD }, 0 },
    { "fstatfs", SYS_fstatfs, { FD, BAD }, 0 },
    { "fcntl getlk", SYS_fcntl, { FD, F_GETLK, BAD }, 0 },
};

static const struct row calls[] = {
    { "open", SYS_open, { BAD, 0 }, 0 },
    { "openat", SYS_openat, { AT_FDCWD, BAD, 0 }, 0 },
    { "stat", SYS_stat, { BAD, BAD }, 0 },
    { "lstat", SYS_lstat, { BAD, BAD }, 0 },
    { "statx", SYS_statx, { AT_FDCWD, BAD, 0, 0xfff, BAD }, 0 },
    { "access", SYS_access, { BAD, 0 }, 0 },
    { "mkdir", SYS_mkdir, { BAD, 0700 }, 0 },
    { "unlink", SYS_unlink, { BAD }, 0 },
    { "rename", SYS_rename, { BAD, BAD }, 0 },
    { "symlink", SYS_symlink, { BAD, BAD }, 0 },
    { "readlink", SYS_readlink, { BAD, BAD, 10 }, 0 },
    { "truncate", SYS_truncate, { BAD, 0 }, 0 },
    { "chdir", SYS_chdir, { BAD }, 0 },
    { "getcwd", SYS_getcwd, { BAD, 4096 }, 0 },
    { "pipe", SYS_pipe, { BAD }, 0 },
    { "pipe2", SYS_pipe2, { BAD, 0 }, 0 },
    { "poll", SYS_poll, { BAD, 3, 0 }, 0 },
    { "select", SYS_select, { 5, BAD, 0, 0, 0 }, 0 },
    { "nanosleep", SYS_nanosleep, { BAD, 0 }, 0 },
    { "clock_gettime", SYS_clock_gettime, { 0, BAD }, 0 },
    { "clock_nanosleep", SYS_clock_nanosleep, { 1, 0, BAD, 0 }, 0 },
    { "rt_sigaction", SYS_rt_sigaction, { SIGUSR1, BAD, 0, 8 }, 0 },
    { "rt_sigaction old", SYS_rt_sigaction, { SIGUSR1, 0, BAD, 8 }, 0 },
    { "rt_sigprocmask", SYS_rt_sigprocmask, { SIG_BLOCK, BAD, 0, 8 }, 0 },
    { "rt_sigtimedwait", SYS_rt_sigtimedwait, { BAD, 0, 0, 8 }, 0 },
    { "sigaltstack", SYS_sigaltstack, { BAD, 0 }, 0 },
    { "futex wait", SYS_futex, { BAD, FUTEX_WAIT_PRIVATE, 1, 0, 0, 0 }, EINVAL },
    { "uname", SYS_uname, { BAD }, 0 },
    { "sysinfo", SYS_sysinfo, { BAD }, 0 },
    { "getrusage", SYS_getrusage, { 0, BAD }, 0 },
    { "times", SYS_times, { BAD }, 0 },
    { "getrlimit", SYS_getrlimit, { 7, BAD }, 0 },
    { "prlimit64", SYS_prlimit64, { 0, 7, BAD, 0 }, 0 },
    { "sched_getaffinity", SYS_sched_getaffinity, { 0, 128, BAD }, 0 },
    { "sched_getparam", SYS_sched_getparam, { 0, BAD }, 0 },
    { "getrandom", SYS_getrandom, { BAD, 100, 0 }, 0 },
    { "getitimer", SYS_getitimer, { 0, BAD }, 0 },
    { "setitimer", SYS_setitimer, { 0, BAD, 0 }, 0 },
    { "getresuid", SYS_getresuid, { BAD, BAD, BAD }, 0 },
    { "memfd_create", SYS_memfd_create, { BAD, 0 }, 0 },
    { "statfs", SYS_statfs, { BAD, BAD }, 0 },
    { "utimensat", SYS_utimensat, { AT_FDCWD, BAD, 0, 0 }, 0 },
    { "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, BAD }, 0 },
    { "mincore", SYS_mincore, { 0x1000, 0x1000, BAD }, ENOMEM },
    { "clone3", SYS_clone3, { BAD, 88 }, 0 },
    { "prctl name", SYS_prctl, { 15, BAD }, 0 },
    { "arch_prctl", SYS_arch_prctl, { 0x1003, BAD }, 0 },
    { "timer_create", SYS_timer_create, { 1, BAD, BAD }, 0 },
    { "capget", SYS_capget, { BAD, BAD }, 0 },
};

static const struct row socket_calls[] = {
    { "bind", SYS_bind, { FD, BAD, 16 }, 0 },
    { "connect", SYS_connect, { FD, BAD, 16 }, 0 },
    { "getsockname", SYS_getsockname, { FD, BAD, BAD }, 0 },
    { "getsockopt", SYS_getsockopt, { FD, SOL_SOCKET, SO_TYPE, BAD, BAD }, 0 },
    { "setsockopt", SYS_setsockopt, { FD, SOL_SOCKET, SO_REUSEADDR, BAD, 4 }, 0 },
    { "sendmsg", SYS_sendmsg, { FD, BAD, 0 }, 0 },
    { "recvmsg", SYS_recvmsg, { FD, BAD, MSG_DONTWAIT }, 0 },
    { "sendto", SYS_sendto, { FD, 0, 0, 0, BAD, 16 }, 0 },
    { "ioctl", SYS_ioctl, { FD, 0x541b, BAD }, 0 },
};

static void run(const struct row *rows, size_t count, long bad, long fd)
{
    size_t i;
    int j;

    for (i = 0; i < count; i++) {
        long args[6];
        long result;

        for (j = 0; j < 6; j++) {
            args[j] = rows[i].args[j];
            if (args[j] == BAD)
                args[j] = bad;
            if (args[j] == FD)
                args[j] = fd;
        }
        result = syscall(rows[i].number, args[0], args[1], args[2], args[3], args[4], args[5]);
        EXPECT(result == -1 && (errno == EFAULT || (rows[i].other && errno == rows[i].other)));
        if (result != -1 || (errno != EFAULT && errno != rows[i].other))
            printf("%s with %lx: %ld (errno %d)\n", rows[i].name, bad, result, errno);
    }
}

#define RUN(rows, bad, fd) run(rows, sizeof(rows) / sizeof((rows)[0]), bad, fd)

/* A buffer whose first page is there and whose second is not. */
static void half_a_buffer(void)
{
    char *map =
        mmap(NULL, 2 * ABI_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct pollfd *items = (struct pollfd *)(void *)(map + ABI_PAGE - 8);
    int fd = open("f", O_RDWR);

    EXPECT_EQ(munmap(map + ABI_PAGE, ABI_PAGE), 0);
    EXPECT_EQ(pread(fd, map + ABI_PAGE - 10, 100, 0) == 10 || errno == EFAULT, 1);
    EXPECT_ERRNO(uname((struct utsname *)(void *)(map + ABI_PAGE - 10)), EFAULT);
    EXPECT_ERRNO(poll(items, 2, 0), EFAULT);
    memset(map, 'p', ABI_PAGE);
    EXPECT_ERRNO(open(map + ABI_PAGE - 10, O_RDONLY), EFAULT);
    memcpy(map + ABI_PAGE - 2, "f", 2);
    EXPECT_EQ(close(open(map + ABI_PAGE - 2, O_RDONLY)), 0);
    close(fd);
}

/* A page that was there before its rights went: nothing of it may be read, or changed. */
static void page_without_rights(void)
{
    static const size_t sizes[] = { ABI_PAGE, 4 << 20 };
    int rw = PROT_READ | PROT_WRITE;
    char word[4];
    int from[2] = { -1, -1 };
    int to[2] = { -1, -1 };
    size_t i;

    EXPECT(pipe(from) == 0 && pipe(to) == 0 && write(from[1], "word", 4) == 4);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *map = mmap(NULL, sizes[i], rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        EXPECT(madvise(map, sizes[i], MADV_HUGEPAGE) == 0 || errno == EINVAL);
        memset(map, 'p', sizes[i]);
        EXPECT_EQ(mprotect(map, sizes[i], PROT_NONE), 0);
        EXPECT_ERRNO(write(to[1], map, 4), EFAULT);
        EXPECT_ERRNO(read(from[0], map + sizes[i] - 4, 4), EFAULT);
        EXPECT_ERRNO(open(map, O_RDONLY), EFAULT);
        EXPECT_EQ(mprotect(map + sizes[i] - ABI_PAGE, ABI_PAGE, PROT_READ), 0);
        EXPECT_EQ(mprotect(map, sizes[i], rw), 0);
        EXPECT(map[0] == 'p' && map[sizes[i] - 1] == 'p' && map[sizes[i] - 4] == 'p');
        EXPECT(memcmp(map, map + 1, sizes[i] - 1) == 0);
        EXPECT_EQ(munmap(map, sizes[i]), 0);
    }
    EXPECT_EQ(read(from[0], word, 4), 4);
}

int main(void)
{
    static char content[1000];
    char *none = mmap(NULL, ABI_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long bads[] = { 8,
                    (long)none,
                    (long)0xffffffff80000000,
                    (long)0xffff888000000000,
                    (long)0x0000800000000000,
                    (long)0x00007fffffffffff,
                    -4096 };
    int file;
    int sock = socket(AF_INET, SOCK_DGRAM, 0);
    size_t i;

    abi_dir();
    file = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(write(file, content, sizeof(content)), sizeof(content));
    for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        EXPECT_EQ(lseek(file, 0, SEEK_SET), 0);
        RUN(file_calls, bads[i], file);
        RUN(calls, bads[i], -1);
        RUN(socket_calls, bads[i], sock);
    }
    half_a_buffer();
    page_without_rights();
    return abi_done();
}
