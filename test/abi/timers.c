/* SPDX-License-Identifier: Apache-2.0 */
/* timer_create(2) with each kind of notice, setitimer(2), alarm(2). */
#include "test/abi/abi.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t fired;
static siginfo_t last;
static atomic_int by_thread;
static atomic_int fired_in;

static void on_timer(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    last = *info;
    fired_in = gettid();
    fired++;
}

static void in_thread(union sigval value)
{
    by_thread += value.sival_int;
}

static void wait_for(int count)
{
    while (fired < count)
        abi_sleep_ms(1);
}

static struct itimerspec in_ms(int first, int interval)
{
    struct itimerspec when = { { 0, (long)interval * ABI_MS }, { 0, (long)first * ABI_MS } };

    return when;
}

static void by_signal(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    struct itimerspec when = in_ms(30, 0);
    int64_t start = abi_now();
    timer_t timer;

    event.sigev_value.sival_int = 4321;
    EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    EXPECT_EQ(timer_gettime(timer, &when), 0);
    EXPECT(when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0);

    /* Further away than any clock can tell. */
    when.it_value.tv_sec = (time_t)1 << 50;
    EXPECT_EQ(timer_settime(timer, 0, &when, NULL), 0);
    EXPECT_EQ(timer_gettime(timer, &when), 0);
    EXPECT(when.it_value.tv_sec > 1000000000);
    when = in_ms(30, 0);
    EXPECT_EQ(timer_settime(timer, 0, &when, NULL), 0);
    wait_for(1);
    EXPECT(abi_now() - start >= 30 * ABI_MS);
    EXPECT(last.si_code == SI_TIMER && last.si_value.sival_int == 4321);

    /* Several periods, then none after it is disarmed. */
    fired = 0;
    start = abi_now();
    when = in_ms(10, 10);
    EXPECT_EQ(timer_settime(timer, 0, &when, NULL), 0);
    wait_for(3);
    EXPECT(abi_now() - start >= 30 * ABI_MS);
    when = in_ms(0, 0);
    EXPECT_EQ(timer_settime(timer, 0, &when, NULL), 0);
    fired = 0;
    abi_sleep_ms(50);
    EXPECT_EQ(fired, 0);
    EXPECT_EQ(timer_delete(timer), 0);
    EXPECT_ERRNO(timer_settime(timer, 0, &when, NULL), EINVAL);
}

/* While the signal is blocked expirations are counted, not queued. */
static void overruns(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    struct itimerspec when = in_ms(5, 5);
    sigset_t usr1;
    timer_t timer;

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    EXPECT_EQ(sigprocmask(SIG_BLOCK, &usr1, NULL), 0);
    EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    EXPECT_EQ(timer_settime(timer, 0, &when, NULL), 0);
    abi_sleep_ms(60);
    when = in_ms(0, 0);
    fired = 0;
    EXPECT_EQ(sigprocmask(SIG_UNBLOCK, &usr1, NULL), 0);
    wait_for(1);
    EXPECT(last.si_overrun >= 5 || timer_getoverrun(timer) >= 5);
    EXPECT_EQ(timer_delete(timer), 0);
}

static void to_one_thread(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
    struct itimerspec when = in_ms(10, 0);
    timer_t timer;

    fired = 0;
    event._sigev_un._tid = gettid();
    EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    EXPECT_EQ(timer_settime(timer, 0, &when, NULL), 0);
    wait_for(1);
    EXPECT_EQ(fired_in, gettid());
    EXPECT_EQ(timer_delete(timer), 0);
    event._sigev_un._tid = 1 << 29;
    EXPECT_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);

    event.sigev_notify = SIGEV_THREAD;
    event.sigev_notify_function = in_thread;
    event.sigev_notify_attributes = NULL;
    event.sigev_value.sival_int = 5;
    EXPECT_EQ(timer_create(CLOCK_REALTIME, &event, &timer), 0);
    EXPECT_EQ(timer_settime(timer, 0, &when, NULL), 0);
    while (by_thread != 5)
        abi_sleep_ms(1);
    EXPECT_EQ(timer_delete(timer), 0);
}

static void interval_timers(void)
{
    struct itimerval when = { { 0, 0 }, { 0, 30000 } };
    struct itimerval old;
    int64_t start = abi_now();
    volatile unsigned long n = 0;

    fired = 0;
    EXPECT_EQ(setitimer(ITIMER_REAL, &when, NULL), 0);
    wait_for(1);
    EXPECT(abi_now() - start >= 30 * ABI_MS);
    EXPECT_EQ(last.si_code, SI_KERNEL);
    when.it_value.tv_sec = 1000;
    EXPECT_EQ(setitimer(ITIMER_REAL, &when, NULL), 0);
    EXPECT_EQ(getitimer(ITIMER_REAL, &old), 0);
    EXPECT(old.it_value.tv_sec >= 990 && old.it_value.tv_sec <= 1000);
    EXPECT(alarm(500) >= 990);
    EXPECT_EQ(alarm(0), 500);
    EXPECT_EQ(alarm(0), 0);
    when.it_value.tv_usec = 1000000;
    EXPECT_ERRNO(setitimer(ITIMER_REAL, &when, NULL), EINVAL);
    EXPECT_ERRNO(getitimer(77, &old), EINVAL);

    /* Computing is what these two count. */
    fired = 0;
    when.it_value.tv_sec = 0;
    when.it_value.tv_usec = 20000;
    EXPECT_EQ(setitimer(ITIMER_VIRTUAL, &when, NULL), 0);
    while (fired < 1)
        n++;
    EXPECT_EQ(setitimer(ITIMER_PROF, &when, NULL), 0);
    while (fired < 2)
        n++;
    EXPECT_EQ(fired, 2);
}

static void burn(int ms)
{
    int64_t until = abi_ns(CLOCK_THREAD_CPUTIME_ID) + (int64_t)ms * ABI_MS;

    while (abi_ns(CLOCK_THREAD_CPUTIME_ID) < until)
        continue;
}

enum {
    GO = -1, /* The timers are set: before, work would not count. */
};

/* Works while it is told to, and then waits to be told to end. */
static void *work(void *arg)
{
    atomic_int *order = arg;

    while (*order != GO)
        abi_sleep_ms(1);
    burn(80);
    *order = 1;
    while (*order != 2)
        abi_sleep_ms(1);
    return NULL;
}

/* Each thread has a CPU clock of its own: another thread's work does not move it. */
static void cpu_time_of_one_thread(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    struct itimerspec when = in_ms(40, 0);
    atomic_int order = 0;
    clockid_t clock;
    timer_t of_other;
    timer_t of_self;
    pthread_t thread;

    fired = 0;
    EXPECT_EQ(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &of_self), 0);
    EXPECT_EQ(timer_settime(of_self, 0, &when, NULL), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, work, &order), 0);
    EXPECT_EQ(pthread_getcpuclockid(thread, &clock), 0);
    event.sigev_signo = SIGALRM;
    EXPECT_EQ(timer_create(clock, &event, &of_other), 0);
    EXPECT_EQ(timer_settime(of_other, 0, &when, NULL), 0);
    order = GO;
    while (order != 1)
        abi_sleep_ms(1);
    wait_for(1);
    EXPECT(fired == 1 && last.si_signo == SIGALRM);
    EXPECT_EQ(timer_gettime(of_self, &when), 0);
    EXPECT(when.it_value.tv_sec == 0 && when.it_value.tv_nsec > 0);

    order = 2;
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    burn(50);
    wait_for(2);
    EXPECT(fired == 2 && last.si_signo == SIGUSR1);
    EXPECT_EQ(timer_delete(of_other), 0);
    EXPECT_EQ(timer_delete(of_self), 0);
    EXPECT_ERRNO(timer_create(clock, &event, &of_other), EINVAL);
    EXPECT_ERRNO(timer_create(-1, &event, &of_other), EINVAL);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART };
    struct sigevent event = { .sigev_notify = 77 };
    timer_t timer;

    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGVTALRM, &action, NULL);
    sigaction(SIGPROF, &action, NULL);
    by_signal();
    overruns();
    to_one_thread();
    interval_timers();
    cpu_time_of_one_thread();
    EXPECT_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
    EXPECT_ERRNO(timer_create(77, NULL, &timer), EINVAL);
    EXPECT_ERRNO(syscall(SYS_timer_delete, 12345), EINVAL);
    return abi_done();
}
