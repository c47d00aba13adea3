/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random system calls with hostile arguments: whatever they answer, the kernel must not panic and
 * this program must live to say so.
 *
 *     syscalls [COUNT [SEED [THREADS]]]    20000 calls, a seed of the day, one thread
 *     syscalls dry [COUNT [SEED]]          prints the calls and makes none
 *
 * It only runs on our kernel: on Linux as root it would kill, unmount and reboot. With one thread a
 * seed reproduces the calls; FUZZ_VERBOSE=1 prints each before it is made, so that the last line of
 * a console names the call that broke the kernel.
 *
 * What it must not do is break itself in ways that Linux would allow. All valid addresses that it
 * hands out lie in one arena with a wide gap on both sides; its descriptors are between 3 and 100
 * and the one that it prints to is far above; every signal has a handler; and the calls that could
 * rightly end it or tear its own memory out are bent or left out by the table of rules below.
 * Blocked calls are ended by a signal from the first thread, which watches over the workers.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    NUMBERS = 470, /* Beyond the last call that Linux has. */
    ARGS = 6,
    ARENA = 64 * 1024,
    GAP = 64 << 20,
    CONSOLE = 900,
    FDS_FIRST = 3,
    FDS_LAST = 100,
    WORKERS_MAX = 8,
    STUCK_MAX = 64, /* Workers given up, in a whole run. */
    REFRESH = 64,   /* Calls until the arena and the descriptors are made anew. */
    NUDGE_MS = 100,
    GIVE_UP_MS = 10000,
};

enum rule {
    RANDOM = 0,
    SKIP,
    BAD_POINTERS, /* Valid addresses are replaced by bad ones. */
    MAPPING,      /* The first two arguments are an address and a length: inside of the arena. */
    SIGNAL_1,     /* This argument is a signal that has a handler, or nonsense. */
    SIGNAL_2,
    SMALL_LENGTH, /* No argument beyond 1 MiB unless it is plain nonsense: memory is finite. */
};

static const unsigned char rules[NUMBERS] = {
    [SYS_exit] = SKIP,
    [SYS_exit_group] = SKIP,
    [SYS_reboot] = SKIP,
    [SYS_kexec_load] = SKIP,
    [SYS_kexec_file_load] = SKIP,
    [SYS_rt_sigreturn] = SKIP, /* Rightly loads any registers. */
    [SYS_seccomp] = SKIP,
    [SYS_prctl] = SKIP, /* PR_SET_TSC, PR_SET_SECCOMP; see test/abi/prctl.c. */
    [SYS_mlockall] = SKIP,
    [SYS_setuid] = SKIP,
    [SYS_setgid] = SKIP,
    [SYS_setreuid] = SKIP,
    [SYS_setregid] = SKIP,
    [SYS_setresuid] = SKIP,
    [SYS_setresgid] = SKIP,
    [SYS_chroot] = SKIP,
    [SYS_vfork] = SKIP,      /* Cannot be called through a function. */
    [SYS_arch_prctl] = SKIP, /* Rightly takes the thread's own base away. */
    [SYS_shmat] = SKIP,
    [SYS_clone] = BAD_POINTERS,
    [SYS_clone3] = BAD_POINTERS,
    [SYS_rseq] = BAD_POINTERS,
    [SYS_rt_sigaction] = BAD_POINTERS,
    [SYS_setrlimit] = BAD_POINTERS,
    [SYS_prlimit64] = BAD_POINTERS,
    [SYS_timer_create] = BAD_POINTERS,
    [SYS_process_vm_writev] = BAD_POINTERS,
    [SYS_set_tid_address] = BAD_POINTERS,
    [SYS_brk] = BAD_POINTERS,
    [SYS_mmap] = MAPPING,
    [SYS_munmap] = MAPPING,
    [SYS_mprotect] = MAPPING,
    [SYS_pkey_mprotect] = MAPPING,
    [SYS_mremap] = MAPPING,
    [SYS_madvise] = MAPPING,
    [SYS_remap_file_pages] = MAPPING,
    [SYS_kill] = SIGNAL_1,
    [SYS_tkill] = SIGNAL_1,
    [SYS_rt_sigqueueinfo] = SIGNAL_1,
    [SYS_pidfd_send_signal] = SIGNAL_1,
    [SYS_tgkill] = SIGNAL_2,
    [SYS_rt_tgsigqueueinfo] = SIGNAL_2,
    [SYS_fcntl] = SIGNAL_2, /* F_SETSIG. */
    [SYS_fallocate] = SMALL_LENGTH,
    [SYS_ftruncate] = SMALL_LENGTH,
    [SYS_truncate] = SMALL_LENGTH,
};

struct worker {
    pthread_t thread;
    uint64_t seed;
    atomic_long tid;
    atomic_uint progress; /* Calls begun. */
    atomic_bool done;
    /* The first thread's. */
    unsigned seen;
    int64_t seen_ms;
};

static unsigned char *arena;
static atomic_long left;
static atomic_int last_number;
static bool dry;
static bool verbose;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Straight to the console's descriptor: standard output may have been closed. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[256];
    va_list args;
    int len;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is, in the line above. */
    len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (len > 0 && write(CONSOLE, line, (size_t)len) < 0)
        return;
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static uint64_t below(uint64_t *seed, uint64_t limit)
{
    return next(seed) % limit;
}

/* An address where nothing of ours can be. */
static uint64_t bad_pointer(uint64_t *seed)
{
    static const uint64_t bad[] = {
        0,
        1,
        8,
        4095,
        0x00007ffffffff000,
        0x00007fffffffffff,
        0x0000800000000000,
        0x8000000000000000,
        0xffff800000000000,
        0xffff888000000000,
        0xffffffff80000000,
        0xffffffff80100000,
        0xfffffffffffff000,
        0xfffffffffffffff8,
        0xffffffffffffffff,
        0xdeadbeefdeadbeef,
    };

    return bad[below(seed, sizeof(bad) / sizeof(bad[0]))];
}

/* Inside of the arena, often right before its end or unaligned. */
static uint64_t good_pointer(uint64_t *seed)
{
    uint64_t at = below(seed, ARENA);

    switch (below(seed, 4)) {
    case 0:
        at = ARENA - below(seed, 64);
        break;
    case 1:
        break;
    default:
        at &= ~(uint64_t)63;
        break;
    }
    return (uintptr_t)arena + at;
}

static uint64_t number(uint64_t *seed)
{
    static const uint64_t edges[] = {
        0x7f,       0x80,        0xff,       0x100,      0xfff,
        0x1000,     0xffff,      0x10000,    0x7fffffff, 0x80000000,
        0xffffffff, 0x100000000, 1ULL << 47, 1ULL << 62, 0x7fffffffffffffff,
    };

    switch (below(seed, 6)) {
    case 0:
        return below(seed, 8);
    case 1:
        return below(seed, 256);
    case 2:
        return edges[below(seed, sizeof(edges) / sizeof(edges[0]))];
    case 3:
        return 1ULL << below(seed, 64);
    case 4:
        return -(1 + below(seed, 200));
    default:
        return next(seed);
    }
}

static uint64_t argument(uint64_t *seed)
{
    switch (below(seed, 8)) {
    case 0:
        return bad_pointer(seed);
    case 1:
    case 2:
        return good_pointer(seed);
    case 3:
    case 4:
        return FDS_FIRST + below(seed, FDS_LAST - FDS_FIRST);
    default:
        return number(seed);
    }
}

static bool in_gap_or_arena(uint64_t value)
{
    return value >= (uintptr_t)arena - GAP && value < (uintptr_t)arena + ARENA + GAP;
}

static uint64_t harmless_signal(uint64_t *seed)
{
    static const uint64_t signals[] = { 0, SIGUSR1, SIGUSR2, 34, 64, 65, 1000, (uint64_t)-1 };

    return signals[below(seed, sizeof(signals) / sizeof(signals[0]))];
}

/* An address and a length that touch nothing but the arena, or are refused. */
static void bend_mapping(uint64_t *seed, long call, uint64_t *args)
{
    uint64_t pages = ARENA / 4096;
    uint64_t first = below(seed, pages);

    if (below(seed, 4) == 0) {
        args[0] = bad_pointer(seed) | 1;
        args[1] = number(seed);
        if (call == SYS_mmap) {
            args[0] = 0;
            args[1] = below(seed, 2) ? below(seed, 1 << 20) : 1ULL << 47;
            args[3] &= ~(uint64_t)(MAP_FIXED | MAP_FIXED_NOREPLACE);
        }
    } else {
        args[0] = (uintptr_t)arena + first * 4096;
        args[1] = below(seed, (pages - first) * 4096 + 1);
        if (call == SYS_mmap)
            args[3] |= MAP_FIXED;
    }
    if (call == SYS_mremap) {
        args[2] = below(seed, 16384);
        args[3] &= ~(uint64_t)MREMAP_FIXED;
    }
}

/* What Linux would rightly do to a program that asks for it, this one must not ask for. */
static void bend(uint64_t *seed, long call, uint64_t *args)
{
    int i;

    switch ((enum rule)rules[call]) {
    case BAD_POINTERS:
        for (i = 0; i < ARGS; i++) {
            if (in_gap_or_arena(args[i]))
                args[i] = bad_pointer(seed);
        }
        if (call == SYS_clone)
            args[0] &= 0xff;
        break;
    case MAPPING:
        bend_mapping(seed, call, args);
        break;
    case SIGNAL_1:
        args[1] = harmless_signal(seed);
        break;
    case SIGNAL_2:
        args[2] = harmless_signal(seed);
        break;
    case SMALL_LENGTH:
        for (i = 0; i < ARGS; i++) {
            if (args[i] > 1 << 20 && args[i] < 1ULL << 63 && !in_gap_or_arena(args[i]))
                args[i] &= (1 << 20) - 1;
        }
        break;
    default:
        break;
    }
    /* Neither may the descriptor that we print to be closed, nor any of ours be kept open. */
    if (call == SYS_close_range && (unsigned)args[1] >= CONSOLE)
        args[1] = FDS_LAST;
}

static void fill_arena(uint64_t *seed)
{
    static const char *const paths[] = { ".",    "..",        "/proc/self/maps", "f", "d/../f",
                                         "link", "/dev/null", "/proc/self/fd/4", "d", "" };
    uint64_t word;
    size_t at;

    if (mmap(arena, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) == MAP_FAILED)
        return;
    for (at = 0; at < ARENA; at += sizeof(word)) {
        word = below(seed, 3) == 0 ? 0 : argument(seed);
        memcpy(arena + at, &word, sizeof(word));
    }
    for (at = 0; at + 64 <= ARENA; at += 64 * (1 + below(seed, 4))) {
        const char *path = paths[below(seed, sizeof(paths) / sizeof(paths[0]))];

        if (below(seed, 2) == 0)
            memcpy(arena + at, path, strlen(path) + 1);
    }
}

/* One of each kind, whatever became of the last ones. */
static void fill_descriptors(void)
{
    int pair[2];

    syscall(SYS_close_range, FDS_FIRST, CONSOLE - 1, 0);
    if (open("f", O_RDWR | O_CREAT, 0600) < 0 || open(".", O_RDONLY | O_DIRECTORY) < 0)
        errno = 0;
    if (pipe2(pair, O_NONBLOCK) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0)
        errno = 0;
    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socket(AF_INET, SOCK_DGRAM, 0);
    socket(AF_NETLINK, SOCK_RAW, 0);
    socket(AF_UNIX, SOCK_DGRAM, 0);
    epoll_create1(0);
    eventfd(1, 0);
    timerfd_create(CLOCK_MONOTONIC, 0);
    memfd_create("fuzz", MFD_ALLOW_SEALING);
    if (open("/dev/zero", O_RDWR) < 0 || open("/proc/self/maps", O_RDONLY) < 0)
        errno = 0;
}

static long pick(uint64_t *seed)
{
    for (;;) {
        long call = (long)below(seed, NUMBERS);

        if (rules[call] != SKIP)
            return call;
    }
}

static void one_call(uint64_t *seed)
{
    uint64_t args[ARGS];
    long call = pick(seed);
    long result;
    int i;

    for (i = 0; i < ARGS; i++)
        args[i] = argument(seed);
    bend(seed, call, args);
    if (verbose || dry) {
        say("%ld %#lx %#lx %#lx %#lx %#lx %#lx\n", call, args[0], args[1], args[2], args[3],
            args[4], args[5]);
    }
    if (dry)
        return;
    last_number = (int)call;
    result = syscall(call, args[0], args[1], args[2], args[3], args[4], args[5]);
    if ((call == SYS_mmap || call == SYS_mremap) && result > 0 &&
        !in_gap_or_arena((uint64_t)result))
        syscall(SYS_munmap, result, call == SYS_mmap ? args[1] : args[2]);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    uint64_t seed = worker->seed;
    uint64_t none = 0;

    worker->tid = syscall(SYS_gettid);
    for (;;) {
        long mine = atomic_fetch_sub(&left, 1);

        if (mine <= 0)
            break;
        if (!dry)
            syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
        if (mine % REFRESH == 0) {
            fill_arena(&seed);
            if (!dry)
                fill_descriptors();
        }
        worker->progress++;
        one_call(&seed);
    }
    worker->done = true;
    for (;;)
        syscall(SYS_pause); /* The library would free what the kernel was told of. */
    return NULL;
}

/* True for a fault in the arena, which another thread may have unmapped: it is mended. */
static bool arena_mend(int sig, const siginfo_t *info)
{
    uintptr_t at = (uintptr_t)info->si_addr;

    if ((sig != SIGSEGV && sig != SIGBUS) || at < (uintptr_t)arena ||
        at >= (uintptr_t)arena + ARENA)
        return false;
    return mmap((void *)(at & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* Faults of our own instructions elsewhere mean that the kernel has damaged us. */
static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code > 0 && arena_mend(sig, info))
        return;
    if ((sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE) && info->si_code > 0) {
        say("signal %d at %p after call %d\n0 passed, 1 failed\n", sig, info->si_addr,
            (int)last_number);
        syscall(SYS_exit_group, 1);
    }
}

static bool start(struct worker *worker, uint64_t seed)
{
    memset(worker, 0, sizeof(*worker));
    worker->seed = seed | 1;
    worker->seen_ms = now_ms();
    return pthread_create(&worker->thread, NULL, worker_main, worker) == 0;
}

/* True when the worker has to be given up. */
static bool watch(struct worker *worker)
{
    int64_t quiet;

    if (worker->progress != worker->seen) {
        worker->seen = worker->progress;
        worker->seen_ms = now_ms();
        return false;
    }
    quiet = now_ms() - worker->seen_ms;
    if (quiet > NUDGE_MS && !dry && worker->tid)
        syscall(SYS_tgkill, getpid(), (long)worker->tid, SIGUSR1);
    return quiet > GIVE_UP_MS;
}

/* The number of workers that were given up, or -1 if there were too many of them. */
static int run(uint64_t seed, int threads)
{
    static struct worker workers[WORKERS_MAX + STUCK_MAX];
    struct worker *active[WORKERS_MAX];
    int used = 0;
    int running = threads;
    int i;

    for (i = 0; i < threads; i++) {
        active[i] = &workers[used++];
        if (!start(active[i], seed + (uint64_t)i))
            return -1;
    }
    while (running > 0) {
        usleep(dry ? 1000 : 20000);
        running = 0;
        for (i = 0; i < threads; i++) {
            if (active[i]->done)
                continue;
            running++;
            if (!watch(active[i]))
                continue;
            say("given up: a thread in call %d\n", (int)last_number);
            if (used == threads + STUCK_MAX)
                return -1;
            active[i] = &workers[used++];
            if (!start(active[i], seed + (uint64_t)used))
                return -1;
        }
    }
    return used - threads;
}

static bool prepare(void)
{
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
    char dir[] = "/tmp/fuzz-XXXXXX";
    unsigned char *all;
    int sig;

    if (dup2(1, CONSOLE) != CONSOLE || !mkdtemp(dir) || chdir(dir) != 0 || mkdir("d", 0700) != 0 ||
        symlink("f", "link") != 0)
        return false;
    for (sig = 1; sig <= 64 && !dry; sig++)
        sigaction(sig, &action, NULL); /* Some numbers cannot have one. */
    all = mmap(NULL, ARENA + 2 * (size_t)GAP, PROT_NONE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    arena = all + GAP;
    return all != MAP_FAILED;
}

static bool is_soliton(void)
{
    struct utsname name;

    return uname(&name) == 0 && strstr(name.version, "Soliton");
}

int main(int argc, char **argv)
{
    long count;
    uint64_t seed;
    int threads;
    int stuck;

    dry = argc > 1 && strcmp(argv[1], "dry") == 0;
    argc -= dry;
    argv += dry;
    if (!dry && !is_soliton()) {
        printf(
            "this would harm the machine: only for a Soliton VM\n0 passed, 0 failed, 1 skipped\n");
        return 0;
    }
    count = argc > 1 ? strtol(argv[1], NULL, 0) : 20000;
    seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) / 86400;
    threads = argc > 3 ? (int)strtol(argv[3], NULL, 0) : 1;
    verbose = getenv("FUZZ_VERBOSE") != NULL;
    if (count < 1 || threads < 1 || threads > WORKERS_MAX || !prepare()) {
        printf("cannot start (errno %d)\n0 passed, 1 failed\n", errno);
        return 1;
    }
    left = count;
    say("seed %#lx, %ld calls, %d threads\n", seed, count, threads);
    stuck = run(seed * 0x9e3779b97f4a7c15, threads);
    say("seed %#lx, %d threads given up\n", seed, stuck);
    say("%d passed, %d failed\n", stuck >= 0, stuck < 0);
    syscall(SYS_exit_group, stuck < 0);
    return 1;
}
