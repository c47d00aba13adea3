/* SPDX-License-Identifier: Apache-2.0 */
/* sigsuspend(2), sigtimedwait(2), sigwaitinfo(2), sigwait(3). */
#include "test/abi/abi.h"

#include <pthread.h>
#include <signal.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    (void)sig;
    caught++;
}

static void *send_later(void *arg)
{
    abi_sleep_ms(50);
    EXPECT_EQ(kill(getpid(), (int)(intptr_t)arg), 0);
    return NULL;
}

static void suspending(sigset_t *blocked)
{
    sigset_t old;
    sigset_t none;
    pthread_t thread;

    sigemptyset(&none);
    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(caught, 0);
    EXPECT_ERRNO(sigsuspend(&none), EINTR);
    EXPECT_EQ(caught, 1);
    EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &old), 0);
    EXPECT_EQ(sigismember(&old, SIGUSR1), 1);
    EXPECT_EQ(pthread_create(&thread, NULL, send_later, (void *)SIGUSR1), 0);
    EXPECT_ERRNO(sigsuspend(&none), EINTR);
    EXPECT_EQ(caught, 2);
    pthread_join(thread, NULL);
    EXPECT_ERRNO(syscall(SYS_rt_sigsuspend, blocked, 4), EINVAL);
}

static void waiting(sigset_t *set)
{
    struct timespec span = { 0, 50 * ABI_MS };
    struct timespec bad = { 0, -1 };
    union sigval value = { .sival_int = 99 };
    siginfo_t info;
    pthread_t thread;
    int64_t start = abi_now();
    int sig = 0;

    EXPECT_ERRNO(sigtimedwait(set, &info, &span), EAGAIN);
    EXPECT(abi_now() - start >= 50 * ABI_MS);
    EXPECT_ERRNO(sigtimedwait(set, &info, &bad), EINVAL);
    EXPECT_EQ(sigqueue(getpid(), SIGUSR2, value), 0);
    EXPECT_EQ(sigtimedwait(set, &info, &span), SIGUSR2);
    EXPECT(info.si_code == SI_QUEUE && info.si_value.sival_int == 99);
    EXPECT_EQ(caught, 2);
    span.tv_nsec = 0;
    EXPECT_ERRNO(sigtimedwait(set, NULL, &span), EAGAIN);

    EXPECT_EQ(pthread_create(&thread, NULL, send_later, (void *)SIGUSR2), 0);
    EXPECT_EQ(sigwaitinfo(set, &info), SIGUSR2);
    EXPECT(info.si_code == SI_USER && info.si_pid == getpid());
    pthread_join(thread, NULL);
    EXPECT_EQ(pthread_create(&thread, NULL, send_later, (void *)SIGUSR1), 0);
    EXPECT_EQ(sigwait(set, &sig), 0);
    EXPECT_EQ(sig, SIGUSR1);
    EXPECT_EQ(caught, 2);
    pthread_join(thread, NULL);
}

static void *other_signal(void *arg)
{
    abi_sleep_ms(50);
    pthread_kill(*(pthread_t *)arg, SIGALRM);
    return NULL;
}

/* A handler for something else ends the wait. */
static void disturbed(sigset_t *set)
{
    struct timespec span = { 10, 0 };
    pthread_t self = pthread_self();
    pthread_t thread;

    EXPECT_EQ(pthread_create(&thread, NULL, other_signal, &self), 0);
    EXPECT_ERRNO(sigtimedwait(set, NULL, &span), EINTR);
    EXPECT_EQ(caught, 3);
    pthread_join(thread, NULL);
}

int main(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t set;

    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    EXPECT_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    suspending(&set);
    waiting(&set);
    disturbed(&set);
    return abi_done();
}
