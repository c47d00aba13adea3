/* SPDX-License-Identifier: Apache-2.0 */
/* What siginfo says of each way to send a signal; queues of real-time signals and their order. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <signal.h>

static siginfo_t seen[64];
static volatile sig_atomic_t count;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)context;
    EXPECT_EQ(info->si_signo, sig);
    seen[count++ & 63] = *info;
}

static void sent_by_us(int code)
{
    EXPECT_EQ(seen[0].si_code, code);
    EXPECT_EQ(seen[0].si_pid, getpid());
    EXPECT_EQ(seen[0].si_uid, getuid());
    count = 0;
}

static void real_time_signals_queue(void)
{
    union sigval value;
    sigset_t all;
    int i;

    sigfillset(&all);
    EXPECT_EQ(sigprocmask(SIG_BLOCK, &all, NULL), 0);
    for (i = 0; i < 5; i++) {
        value.sival_int = i;
        EXPECT_EQ(sigqueue(getpid(), SIGRTMIN + 2, value), 0);
        EXPECT_EQ(sigqueue(getpid(), SIGRTMIN + 1, value), 0);
        EXPECT_EQ(sigqueue(getpid(), SIGUSR1, value), 0);
    }
    EXPECT_EQ(sigprocmask(SIG_UNBLOCK, &all, NULL), 0);
    EXPECT_EQ(count, 11);

    /*
     * The lowest number is delivered first, and the handlers nest: the last one to be set up is
     * the first to run, unless each masks all, as these do.
     */
    EXPECT_EQ(seen[0].si_signo, SIGUSR1);
    EXPECT_EQ(seen[0].si_value.sival_int, 0);
    for (i = 0; i < 5; i++) {
        EXPECT_EQ(seen[1 + i].si_signo, SIGRTMIN + 1);
        EXPECT_EQ(seen[1 + i].si_value.sival_int, i);
        EXPECT_EQ(seen[6 + i].si_signo, SIGRTMIN + 2);
        EXPECT_EQ(seen[6 + i].si_value.sival_int, i);
    }
    count = 0;
}

static void forged(void)
{
    siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_USER };

    /* Only to oneself may one claim anything. */
    EXPECT_EQ(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info), 0);
    EXPECT_EQ(count, 1);
    EXPECT_EQ(seen[0].si_code, SI_USER);
    count = 0;
    info.si_code = -60;
    EXPECT_EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &info), 0);
    EXPECT_EQ(seen[0].si_code, -60);
    count = 0;
    EXPECT_ERRNO(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info), EINVAL);
    EXPECT_ERRNO(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, abi_bad_pointer()), EFAULT);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
    union sigval value = { .sival_ptr = &seen };
    int i;

    sigfillset(&action.sa_mask);
    EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    for (i = 0; i < 4; i++)
        EXPECT_EQ(sigaction(SIGRTMIN + i, &action, NULL), 0);

    EXPECT_EQ(kill(getpid(), SIGUSR1), 0);
    sent_by_us(SI_USER);
    EXPECT_EQ(raise(SIGUSR1), 0);
    sent_by_us(SI_TKILL);
    EXPECT_EQ(pthread_kill(pthread_self(), SIGRTMIN), 0);
    sent_by_us(SI_TKILL);
    EXPECT_EQ(sigqueue(getpid(), SIGUSR1, value), 0);
    EXPECT(seen[0].si_value.sival_ptr == &seen);
    sent_by_us(SI_QUEUE);
    EXPECT_EQ(pthread_sigqueue(pthread_self(), SIGUSR1, value), 0);
    EXPECT(seen[0].si_value.sival_ptr == &seen);
    sent_by_us(SI_QUEUE);
    real_time_signals_queue();
    forged();
    return abi_done();
}
