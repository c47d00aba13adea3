/* SPDX-License-Identifier: Apache-2.0 */
/* All integer registers and flags survive a handler, and a handler may change them. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

static volatile sig_atomic_t handled;
static atomic_bool storm_over;
static greg_t seen_rbx;

static void wreck(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;

    (void)sig;
    (void)info;
    handled++;
    seen_rbx = uc->uc_mcontext.gregs[REG_RBX];
    __asm__ volatile("std; cld; xorl %%eax, %%eax" ::
                         : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
                           "r12", "r13", "r14", "r15", "cc");
}

static void skip_and_set(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    uc->uc_mcontext.gregs[REG_RIP] += 2; /* The length of ud2. */
    uc->uc_mcontext.gregs[REG_RAX] = 0x1234567890;
    sigaddset(&uc->uc_sigmask, SIGUSR2);
}

static void skip(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    uc->uc_mcontext.gregs[REG_RIP] += 2;
}

/* What is in RAX is the program's own, whatever a kernel may mean by such numbers: -512 to -516. */
static void numbers_like_restart_codes(void)
{
    struct sigaction action = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };
    long number;

    sigaction(SIGILL, &action, NULL);
    for (number = -520; number < -508; number++) {
        long rax = number;

        __asm__ volatile("ud2" : "+a"(rax)::"memory");
        EXPECT_EQ(rax, number);
    }
}

/* Fills the registers, signals itself by a system call, and counts those that changed. */
static long changed_registers(void)
{
    long changed = 0;

    __asm__ volatile("movq $0x101, %%rbx\n"
                     "movq $0x108, %%r8\n"
                     "movq $0x109, %%r9\n"
                     "movq $0x10a, %%r10\n"
                     "movq $0x10c, %%r12\n"
                     "movq $0x10d, %%r13\n"
                     "movq $0x10e, %%r14\n"
                     "movq $0x10f, %%r15\n"
                     "movq %[number], %%rax\n"
                     "syscall\n"
                     "addq %%rax, %[changed]\n"
                     "subq $0x101, %%rbx\n"
                     "orq %%rbx, %[changed]\n"
                     "subq $0x108, %%r8\n"
                     "orq %%r8, %[changed]\n"
                     "subq $0x109, %%r9\n"
                     "orq %%r9, %[changed]\n"
                     "subq $0x10a, %%r10\n"
                     "orq %%r10, %[changed]\n"
                     "subq $0x10c, %%r12\n"
                     "orq %%r12, %[changed]\n"
                     "subq $0x10d, %%r13\n"
                     "orq %%r13, %[changed]\n"
                     "subq $0x10e, %%r14\n"
                     "orq %%r14, %[changed]\n"
                     "subq $0x10f, %%r15\n"
                     "orq %%r15, %[changed]\n"
                     : [changed] "+m"(changed)
                     : [number] "i"(SYS_tgkill), "D"((long)getpid()), "S"((long)gettid()),
                       "d"((long)SIGUSR1)
                     : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                       "memory", "cc");
    return changed;
}

/* The area below the stack pointer belongs to the function: a handler must keep off it. */
static long changed_red_zone(void)
{
    long value = 0;

    __asm__ volatile("movq $0x7777, -128(%%rsp)\n"
                     "movq $0x8888, -8(%%rsp)\n"
                     "movq %[number], %%rax\n"
                     "syscall\n"
                     "movq -128(%%rsp), %[value]\n"
                     "subq $0x7777, %[value]\n"
                     "subq $0x8888, -8(%%rsp)\n"
                     "orq -8(%%rsp), %[value]\n"
                     : [value] "=&r"(value)
                     : [number] "i"(SYS_tgkill), "D"((long)getpid()), "S"((long)gettid()),
                       "d"((long)SIGUSR1)
                     : "rax", "rcx", "r11", "memory", "cc");
    return value;
}

static void *storm(void *arg)
{
    pthread_t target = *(pthread_t *)arg;
    int i;

    for (i = 0; i < 300; i++) {
        pthread_kill(target, SIGUSR1);
        abi_sleep_ms(0);
    }
    storm_over = true;
    return NULL;
}

/* Signals at arbitrary instructions of a computation: it must come to the same result. */
static void computing_in_a_storm(void)
{
    pthread_t self = pthread_self();
    pthread_t thread;
    uint64_t first = 0;
    int wrong = 0;
    int rounds = 0;

    EXPECT_EQ(pthread_create(&thread, NULL, storm, &self), 0);
    while (!storm_over) {
        uint64_t a = 1;
        int i;

        for (i = 0; i < 20000; i++)
            a = a * 6364136223846793005ULL + (a >> 17);
        if (rounds == 0)
            first = a;
        wrong += a != first;
        rounds++;
    }
    pthread_join(thread, NULL);
    EXPECT_EQ(wrong, 0);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = wreck, .sa_flags = SA_SIGINFO };
    sigset_t mask;
    long rax = 0;

    sigaction(SIGUSR1, &action, NULL);
    EXPECT_EQ(changed_registers(), 0);
    EXPECT_EQ(handled, 1);
    EXPECT_EQ(seen_rbx, 0x101);
    EXPECT_EQ(changed_red_zone(), 0);
    EXPECT_EQ(handled, 2);
    computing_in_a_storm();

    action.sa_sigaction = skip_and_set;
    sigaction(SIGILL, &action, NULL);
    __asm__ volatile("ud2" : "+a"(rax)::"memory");
    EXPECT_EQ(rax, 0x1234567890);
    EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    EXPECT_EQ(sigismember(&mask, SIGUSR2), 1);
    EXPECT_EQ(sigismember(&mask, SIGILL), 0);
    numbers_like_restart_codes();
    return abi_done();
}
