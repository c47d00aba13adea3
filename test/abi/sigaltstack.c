/* SPDX-License-Identifier: Apache-2.0 */
/* sigaltstack(2): handlers on another stack, an overflow survived, rules and errors. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

enum {
    SIZE = 64 * 1024,
};

static char *stack;
static volatile sig_atomic_t on_it;
static int flags_inside;
static int errno_inside;
static sigjmp_buf back;
static siginfo_t fault;

static void on_signal(int sig)
{
    stack_t inside = { 0 };
    stack_t other = { .ss_flags = SS_DISABLE };
    char here;

    (void)sig;
    on_it = &here >= stack && &here < stack + SIZE;
    sigaltstack(NULL, &inside);
    flags_inside = inside.ss_flags;
    errno_inside = sigaltstack(&other, NULL) == 0 ? 0 : errno;
}

static void on_overflow(int sig, siginfo_t *info, void *context)
{
    char here;

    (void)sig;
    (void)context;
    on_it = &here >= stack && &here < stack + SIZE;
    fault = *info;
    siglongjmp(back, 1);
}

/* NOLINTNEXTLINE(misc-no-recursion): running out of stack is the test. */
static int dig(const volatile char *above)
{
    volatile char frame[1000];

    frame[0] = 0;
    if (above)
        frame[0] = above[0];
    if (frame[0] != 0)
        return 1; /* Never, but the compiler cannot know. */
    return dig(frame) + frame[0];
}

static void *overflow_in_a_thread(void *arg)
{
    stack_t ss = { .ss_sp = stack, .ss_size = SIZE };

    EXPECT_EQ(sigaltstack(&ss, NULL), 0);
    on_it = 0;
    if (sigsetjmp(back, 1) == 0)
        dig(NULL);
    EXPECT_EQ(on_it, 1);
    EXPECT_EQ(fault.si_signo, SIGSEGV);
    return arg;
}

static void rules(void)
{
    stack_t ss = { .ss_sp = stack, .ss_size = 100 };
    stack_t old;

    EXPECT_ERRNO(sigaltstack(&ss, NULL), ENOMEM);
    ss.ss_size = SIZE;
    ss.ss_flags = 0x100;
    EXPECT_ERRNO(sigaltstack(&ss, NULL), EINVAL);
    EXPECT_ERRNO(sigaltstack(abi_bad_pointer(), NULL), EFAULT);
    ss.ss_flags = SS_DISABLE;
    EXPECT_EQ(sigaltstack(&ss, &old), 0);
    EXPECT(old.ss_sp == stack && old.ss_size == SIZE);
    EXPECT_EQ(sigaltstack(NULL, &old), 0);
    EXPECT_EQ(old.ss_flags, SS_DISABLE);
    raise(SIGUSR1);
    EXPECT_EQ(on_it, 0);
}

int main(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
    stack_t ss = { .ss_size = SIZE };
    stack_t old;
    pthread_t thread;
    pthread_attr_t attr;

    stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(stack != MAP_FAILED);
    EXPECT_EQ(sigaltstack(NULL, &old), 0);
    EXPECT_EQ(old.ss_flags, SS_DISABLE);
    ss.ss_sp = stack;
    EXPECT_EQ(sigaltstack(&ss, NULL), 0);
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, NULL);

    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(on_it, 1);
    EXPECT_EQ(flags_inside, SS_ONSTACK);
    EXPECT_EQ(errno_inside, EPERM);
    EXPECT_EQ(sigaltstack(NULL, &old), 0);
    EXPECT_EQ(old.ss_flags, 0);
    EXPECT_EQ(raise(SIGUSR2), 0);
    EXPECT_EQ(on_it, 0);
    EXPECT_EQ(sigaltstack(&ss, NULL), 0);
    rules();

    action.sa_sigaction = on_overflow;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 256L * 1024);
    EXPECT_EQ(pthread_create(&thread, &attr, overflow_in_a_thread, NULL), 0);
    pthread_join(thread, NULL);
    return abi_done();
}
