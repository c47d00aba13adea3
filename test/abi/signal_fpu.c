/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of the x87, SSE and, where there is one, AVX unit belong to a thread: switches,
 * handlers that overwrite them all, and system calls leave them alone. So do the control words.
 */
#include "test/abi/abi.h"

#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

enum {
    THREADS = 4,
    ROUNDS = 300,
};

/* Rounding, as the x87 control word has it. */
enum rounding {
    NEAREST = 0,
    DOWNWARD = 1,
    UPWARD = 2,
    TOWARDZERO = 3,
};

static volatile sig_atomic_t handled;
static bool has_avx;

static void set_rounding(enum rounding rounding)
{
    uint16_t control = (uint16_t)(0x37f | (unsigned)rounding << 10);
    uint32_t mxcsr = 0x1f80 | (unsigned)rounding << 13;

    __asm__ volatile("fldcw %0; ldmxcsr %1" ::"m"(control), "m"(mxcsr));
}

/* The rounding of both units, or -1 if they differ. */
static int get_rounding(void)
{
    uint16_t control = 0;
    uint32_t mxcsr = 0;

    __asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(mxcsr));
    return ((control >> 10) & 3) == ((mxcsr >> 13) & 3) ? (control >> 10) & 3 : -1;
}

static bool avx_usable(void)
{
    unsigned a;
    unsigned b;
    unsigned c = 0;
    unsigned d;
    unsigned low = 0;
    unsigned high;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
        return false;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

__attribute__((target("avx"))) static void wreck_avx(void)
{
    __asm__ volatile("vpcmpeqd %%xmm0, %%xmm0, %%xmm0\n"
                     "vinsertf128 $1, %%xmm0, %%ymm0, %%ymm0\n"
                     "vmovaps %%ymm0, %%ymm6\n"
                     "vmovaps %%ymm0, %%ymm15\n" ::
                         : "xmm0", "xmm6", "xmm15");
}

static void on_signal(int sig)
{
    (void)sig;
    __asm__ volatile("pcmpeqd %%xmm6, %%xmm6\n"
                     "movdqa %%xmm6, %%xmm15\n"
                     "fninit\n"
                     "fldpi\n" ::
                         : "xmm6", "xmm15", "st");
    __asm__ volatile("fstp %%st(0)" ::: "st");
    if (has_avx)
        wreck_avx();
    set_rounding(UPWARD);
    handled++;
}

/* Loads registers, makes the system call tgkill(self, SIGUSR1), and reads them back. */
static int sse_survives(uint64_t mark)
{
    uint64_t in[4] = { mark, ~mark, mark * 3, mark * 5 };
    uint64_t out[4] = { 0 };
    long result = SYS_tgkill;

    __asm__ volatile("movdqu (%[in]), %%xmm6\n"
                     "movdqu 16(%[in]), %%xmm15\n"
                     "syscall\n"
                     "movdqu %%xmm6, (%[out])\n"
                     "movdqu %%xmm15, 16(%[out])\n"
                     : "+a"(result)
                     : [in] "r"(in), [out] "r"(out), "D"((long)getpid()), "S"((long)gettid()),
                       "d"((long)SIGUSR1)
                     : "rcx", "r11", "xmm6", "xmm15", "memory");
    return result == 0 && memcmp(in, out, sizeof(in)) == 0;
}

__attribute__((target("avx"))) static int avx_survives(uint64_t mark)
{
    uint64_t in[8] = { mark, ~mark, mark * 3, mark * 5, mark * 7, mark * 9, mark * 11, mark * 13 };
    uint64_t out[8] = { 0 };
    long result = SYS_tgkill;

    __asm__ volatile("vmovdqu (%[in]), %%ymm6\n"
                     "vmovdqu 32(%[in]), %%ymm15\n"
                     "syscall\n"
                     "vmovdqu %%ymm6, (%[out])\n"
                     "vmovdqu %%ymm15, 32(%[out])\n"
                     "vzeroupper\n"
                     : "+a"(result)
                     : [in] "r"(in), [out] "r"(out), "D"((long)getpid()), "S"((long)gettid()),
                       "d"((long)SIGUSR1)
                     : "rcx", "r11", "xmm6", "xmm15", "memory");
    return result == 0 && memcmp(in, out, sizeof(in)) == 0;
}

static int x87_survives(double value)
{
    double out = 0;
    long result = SYS_tgkill;

    __asm__ volatile("fldl %[value]\n"
                     "syscall\n"
                     "fstpl %[out]\n"
                     : "+a"(result), [out] "=m"(out)
                     : [value] "m"(value), "D"((long)getpid()), "S"((long)gettid()),
                       "d"((long)SIGUSR1)
                     : "rcx", "r11", "st", "memory");
    return result == 0 && out == value;
}

static void *churn(void *arg)
{
    uint64_t mark = (uint64_t)(uintptr_t)arg * 0x123456789abcdefULL;
    enum rounding rounding = (uintptr_t)arg % 2 == 0 ? TOWARDZERO : DOWNWARD;
    int good = 0;
    int i;

    set_rounding(rounding);
    for (i = 0; i < ROUNDS; i++) {
        good += sse_survives(mark + (uint64_t)i);
        good += x87_survives((double)mark / 3);
        good += has_avx ? avx_survives(mark ^ (uint64_t)i) : 1;
        good += get_rounding() == (int)rounding;
        sched_yield();
    }
    EXPECT_EQ(good, 4 * ROUNDS);
    return NULL;
}

/* A thread starts with its creator's control words, and keeps its changes to itself. */
static void *inherits_rounding(void *arg)
{
    EXPECT_EQ(get_rounding(), DOWNWARD);
    set_rounding(UPWARD);
    return arg;
}

int main(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    pthread_t threads[THREADS];
    intptr_t i;

    has_avx = avx_usable();
    if (!has_avx)
        abi_skip("no AVX here");
    sigaction(SIGUSR1, &action, NULL);
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT(handled > 0);
    EXPECT_EQ(get_rounding(), NEAREST);

    set_rounding(DOWNWARD);
    EXPECT_EQ(pthread_create(&threads[0], NULL, inherits_rounding, NULL), 0);
    pthread_join(threads[0], NULL);
    EXPECT_EQ(get_rounding(), DOWNWARD);
    return abi_done();
}
