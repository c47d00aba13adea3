/* SPDX-License-Identifier: Apache-2.0 */
/* sigaction(2), kill(2), sigprocmask(2), sigpending(2): delivery, order, masks, dispositions. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <signal.h>

static int order[16];
static volatile sig_atomic_t count;
static sigset_t mask_inside;

static void record(int sig)
{
    order[count++ & 15] = sig;
    pthread_sigmask(SIG_BLOCK, NULL, &mask_inside);
}

static void nested(int sig)
{
    order[count++ & 15] = sig;
    if (sig == SIGUSR1)
        raise(SIGUSR2);
    order[count++ & 15] = -sig;
}

static void handle(int sig, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

    EXPECT_EQ(sigaction(sig, &action, NULL), 0);
}

static sigset_t set_of(int a, int b)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, a);
    sigaddset(&set, b);
    return set;
}

static void actions(void)
{
    struct sigaction action = { .sa_handler = record, .sa_flags = SA_RESTART | SA_NODEFER };
    struct sigaction old;

    sigaddset(&action.sa_mask, SIGUSR2);
    EXPECT_EQ(sigaction(SIGUSR1, &action, &old), 0);
    EXPECT(old.sa_handler == SIG_DFL);
    EXPECT_EQ(sigaction(SIGUSR1, NULL, &old), 0);
    EXPECT(old.sa_handler == record && sigismember(&old.sa_mask, SIGUSR2) == 1);
    EXPECT_EQ(old.sa_flags & (SA_RESTART | SA_NODEFER), SA_RESTART | SA_NODEFER);
    EXPECT_ERRNO(sigaction(SIGKILL, &action, NULL), EINVAL);
    EXPECT_ERRNO(sigaction(SIGSTOP, &action, NULL), EINVAL);
    EXPECT_ERRNO(sigaction(0, &action, NULL), EINVAL);
    EXPECT_ERRNO(sigaction(65, &action, NULL), EINVAL);
    EXPECT_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 4), EINVAL);
    EXPECT_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, abi_bad_pointer(), NULL, 8), EFAULT);

    /* One shot: back to the default after the first, which here is to be ignored. */
    handle(SIGCHLD, record, (int)SA_RESETHAND);
    count = 0;
    EXPECT_EQ(raise(SIGCHLD) | raise(SIGCHLD), 0);
    EXPECT_EQ(count, 1);
}

/* struct kernel_sigaction: sigaction(3) does not show all flags. */
static void unknown_flags(void)
{
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
    } action = { SIG_IGN, SA_SIGINFO | 0x400 | 1ul << 40, NULL, 0 }, old;

    EXPECT_EQ(syscall(SYS_rt_sigaction, SIGWINCH, &action, NULL, 8), 0);
    EXPECT_EQ(syscall(SYS_rt_sigaction, SIGWINCH, NULL, &old, 8), 0);
    EXPECT_EQ(old.flags, SA_SIGINFO);
}

static void masks(void)
{
    sigset_t both = set_of(SIGUSR1, SIGUSR2);
    sigset_t pending;
    sigset_t old;

    handle(SIGUSR1, record, 0);
    handle(SIGUSR2, record, 0);
    count = 0;
    EXPECT_EQ(sigprocmask(SIG_BLOCK, &both, &old), 0);
    EXPECT_EQ(raise(SIGUSR2) | kill(getpid(), SIGUSR1) | kill(getpid(), SIGUSR1), 0);
    EXPECT_EQ(count, 0);
    EXPECT_EQ(sigpending(&pending), 0);
    EXPECT(sigismember(&pending, SIGUSR1) == 1 && sigismember(&pending, SIGUSR2) == 1);
    EXPECT_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    EXPECT_EQ(count, 2);
    EXPECT_EQ(sigpending(&pending), 0);
    EXPECT(sigismember(&pending, SIGUSR1) == 0);

    /* Inside a handler its own signal is blocked, and no longer afterwards. */
    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(sigismember(&mask_inside, SIGUSR1), 1);
    EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &old), 0);
    EXPECT_EQ(sigismember(&old, SIGUSR1), 0);

    /* These two cannot be blocked, and asking is no error. */
    both = set_of(SIGKILL, SIGSTOP);
    EXPECT_EQ(sigprocmask(SIG_BLOCK, &both, NULL), 0);
    EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &old), 0);
    EXPECT(sigismember(&old, SIGKILL) == 0 && sigismember(&old, SIGSTOP) == 0);
    EXPECT_ERRNO(sigprocmask(77, &both, NULL), EINVAL);
}

static void nesting(void)
{
    handle(SIGUSR1, nested, 0);
    handle(SIGUSR2, nested, 0);
    count = 0;
    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(count, 4);
    EXPECT(order[0] == SIGUSR1 && order[1] == SIGUSR2);
    EXPECT(order[2] == -SIGUSR2 && order[3] == -SIGUSR1);
}

static void kinds_of_kill(void)
{
    count = 0;
    handle(SIGUSR1, record, 0);
    EXPECT_EQ(kill(getpid(), 0), 0);
    EXPECT_EQ(kill(0, 0), 0);
    EXPECT_ERRNO(kill(getpid(), 65), EINVAL);
    EXPECT_ERRNO(kill(getpid(), -1), EINVAL);
    EXPECT_ERRNO(kill(0x7fffff0, 0), ESRCH);
    EXPECT_EQ(tgkill(getpid(), gettid(), SIGUSR1), 0);
    EXPECT_EQ(count, 1);
    EXPECT_EQ(pthread_kill(pthread_self(), SIGUSR1), 0);
    EXPECT_EQ(count, 2);

    /* Ignored signals go nowhere, blocked or not. */
    signal(SIGUSR1, SIG_IGN);
    EXPECT_EQ(kill(getpid(), SIGUSR1), 0);
    EXPECT_EQ(kill(getpid(), SIGWINCH) | kill(getpid(), SIGURG) | kill(getpid(), SIGCONT), 0);
    EXPECT_EQ(count, 2);
}

static void *wait_for_one(void *arg)
{
    while (count == 0)
        abi_sleep_ms(1);
    return arg;
}

/* A signal for the process goes to a thread that does not block it. */
static void goes_to_a_willing_thread(void)
{
    sigset_t both = set_of(SIGUSR1, SIGUSR2);
    pthread_t thread;

    handle(SIGUSR1, record, 0);
    count = 0;
    EXPECT_EQ(pthread_create(&thread, NULL, wait_for_one, NULL), 0);
    EXPECT_EQ(pthread_sigmask(SIG_BLOCK, &both, NULL), 0);
    EXPECT_EQ(kill(getpid(), SIGUSR1), 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(count, 1);
    EXPECT_EQ(pthread_sigmask(SIG_UNBLOCK, &both, NULL), 0);
}

int main(void)
{
    actions();
    unknown_flags();
    masks();
    nesting();
    kinds_of_kill();
    goes_to_a_willing_thread();
    return abi_done();
}
