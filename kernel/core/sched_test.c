/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real scheduler, timers, bottom halves, wait queues and locks on several CPUs, whose steps are
 * interleaved at random. A lost wake-up shows as CPUs that all sleep for good; a stack in use
 * twice, as broken memory; a broken lock, as a broken count.
 */
#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/clock.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/core/timer.h"
#include "kernel/core/wait.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_smp.h"
#include "test/unit/unit.h"

#include <sys/wait.h>
#include <unistd.h>

enum {
    SEEDS = 30,
    WORKERS = 6,
    ROUNDS = 60,
};

static u32 done;
static struct wait_queue all_done;

/* Each seed in a process of its own: the kernel has no way back to the start. */
static void run_seeds(u32 cpus, void (*first)(void *arg))
{
    for (u32 seed = 1; seed <= SEEDS; seed++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            fake_smp_run(cpus, seed * 7919, first);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        if (status != 0)
            fprintf(stderr, "seed %u on %u CPUs: status 0x%x\n", seed, cpus, (unsigned)status);
        CHECK_EQ(status, 0);
    }
}

static void run_everywhere(void (*first)(void *arg))
{
    run_seeds(1, first);
    run_seeds(2, first);
    run_seeds(4, first);
    run_seeds(8, first);
}

static void worker_done(void)
{
    __atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
    wait_wake(&all_done, 0);
}

static void wait_for(u32 count)
{
    struct waiter waiter;

    wait_begin(&all_done, &waiter, 0);
    while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < count)
        CHECK_EQ(wait_block(&waiter, DEADLINE_NONE), 0);
    wait_end(&waiter);
}

static void wait_for_burials(u32 count)
{
    while (fake_smp_released < count)
        CHECK_EQ(wait_sleep_until(clock_deadline(NS_PER_MS)), -ETIMEDOUT);
}

static void start_workers(void (*entry)(void *arg))
{
    wait_queue_init(&all_done);
    for (u64 i = 0; i < WORKERS; i++)
        fake_smp_thread("worker", entry, (void *)i);
}

/* ---- Sleeping and waking in a ring. ---- */

static struct wait_queue turns[WORKERS];
static u32 turn;

static void pass_turn(void *arg)
{
    u32 me = (u32)(uintptr_t)arg;

    for (u32 round = 0; round < ROUNDS; round++) {
        struct waiter waiter;

        wait_begin(&turns[me], &waiter, 0);
        while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != round * WORKERS + me)
            CHECK_EQ(wait_block(&waiter, DEADLINE_NONE), 0);
        wait_end(&waiter);
        __atomic_fetch_add(&turn, 1, __ATOMIC_SEQ_CST);
        wait_wake(&turns[(me + 1) % WORKERS], 0);
    }
    worker_done();
}

static void ring(void *arg)
{
    (void)arg;
    for (int i = 0; i < WORKERS; i++)
        wait_queue_init(&turns[i]);
    start_workers(pass_turn);
    wait_for(WORKERS);
    CHECK_EQ(turn, WORKERS * ROUNDS);
    wait_for_burials(WORKERS);
    CHECK_EQ(sched_thread_count(), 1);
    fake_smp_end();
}

TEST(sched, no_wake_up_is_lost)
{
    run_everywhere(ring);
}

/* ---- Locks. ---- */

static struct mutex mutex;
static struct rwlock rwlock;
static u32 guarded;
static u32 readers;

static void lock_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        u32 before;

        mutex_lock(&mutex);
        CHECK(mutex_is_mine(&mutex));
        before = guarded;
        if (i % 3 == 0)
            thread_yield();
        guarded = before + 1;
        mutex_unlock(&mutex);
    }
    worker_done();
}

static void mutexes(void *arg)
{
    (void)arg;
    mutex_init(&mutex, LOCK_RANK_FS);
    start_workers(lock_often);
    wait_for(WORKERS);
    CHECK_EQ(guarded, WORKERS * ROUNDS);
    fake_smp_end();
}

TEST(sched, a_mutex_excludes_and_wakes)
{
    run_everywhere(mutexes);
}

static void read_and_write(void *arg)
{
    bool writes = (uintptr_t)arg % 3 == 0;

    for (int i = 0; i < ROUNDS; i++) {
        if (writes) {
            u32 before;

            rwlock_write_lock(&rwlock);
            CHECK(rwlock_is_mine(&rwlock));
            CHECK_EQ(readers, 0);
            before = guarded;
            thread_yield();
            guarded = before + 1;
            CHECK_EQ(readers, 0);
            rwlock_write_unlock(&rwlock);
        } else {
            u32 before;

            rwlock_read_lock(&rwlock);
            before = guarded;
            __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
            thread_yield();
            CHECK_EQ(guarded, before);
            __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
            rwlock_read_unlock(&rwlock);
        }
    }
    worker_done();
}

static void rwlocks(void *arg)
{
    (void)arg;
    rwlock_init(&rwlock, LOCK_RANK_FS);
    start_workers(read_and_write);
    wait_for(WORKERS);
    CHECK_EQ(guarded, WORKERS / 3 * ROUNDS);
    fake_smp_end();
}

TEST(sched, a_rwlock_lets_in_many_readers_or_one_writer)
{
    run_everywhere(rwlocks);
}

/* ---- Timers and bottom halves. ---- */

struct alarm {
    struct timer timer;
    u32 fired;
};

static void alarm_fired(struct timer *timer)
{
    struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);

    CHECK(in_interrupt());
    CHECK(clock_now_ns() >= timer->deadline_ns);
    alarm->fired++;
}

static void sleep_and_cancel(void *arg)
{
    u64 me = (u64)(uintptr_t)arg;

    for (u64 i = 0; i < ROUNDS; i++) {
        struct alarm alarm = { .fired = 0 };
        u64 deadline_ns = clock_deadline((i * 37 + me * 11) % 50 * NS_PER_US);
        bool cancelled;

        timer_init(&alarm.timer, alarm_fired);
        timer_arm(&alarm.timer, clock_deadline(i % 40 * NS_PER_US));
        if (i % 2 == 0)
            timer_arm(&alarm.timer, clock_deadline(i % 60 * NS_PER_US));
        CHECK_EQ(wait_sleep_until(deadline_ns), -ETIMEDOUT);
        CHECK(clock_now_ns() >= deadline_ns);
        cancelled = timer_cancel(&alarm.timer);
        timer_cancel_wait(&alarm.timer);
        if (i % 2 == 1)
            CHECK_EQ(alarm.fired, cancelled ? 0 : 1);
    }
    worker_done();
}

static void timers(void *arg)
{
    (void)arg;
    start_workers(sleep_and_cancel);
    wait_for(WORKERS);
    fake_smp_end();
}

TEST(sched, sleeps_end_and_timers_fire_once_or_are_cancelled)
{
    run_everywhere(timers);
}

static struct bottom_half halves[WORKERS];
static u32 half_calls[WORKERS];
static u32 half_inside[8];

static bool half_work(struct bottom_half *half)
{
    u32 me = (u32)(half - halves);
    u32 cpu = cpu_id();

    CHECK(in_interrupt());
    CHECK_EQ(half_inside[cpu]++, 0);
    CHECK_EQ(cpu_id(), cpu);
    half_calls[me]++;
    half_inside[cpu]--;
    wait_wake(&turns[me], 0);
    return half_calls[me] % 3 == 0;
}

static void queue_halves(void *arg)
{
    u32 me = (u32)(uintptr_t)arg;

    for (u32 i = 0; i < ROUNDS; i++) {
        u32 before = __atomic_load_n(&half_calls[me], __ATOMIC_SEQ_CST);
        struct waiter waiter;

        wait_begin(&turns[me], &waiter, 0);
        if (i % 2 == 0)
            bottom_half_disable();
        bottom_half_queue(&halves[me]);
        if (i % 2 == 0)
            bottom_half_enable();
        while (__atomic_load_n(&half_calls[me], __ATOMIC_SEQ_CST) == before)
            CHECK_EQ(wait_block(&waiter, DEADLINE_NONE), 0);
        wait_end(&waiter);
    }
    worker_done();
}

static void bottom_halves(void *arg)
{
    (void)arg;
    for (int i = 0; i < WORKERS; i++) {
        wait_queue_init(&turns[i]);
        bottom_half_init(&halves[i], half_work);
    }
    start_workers(queue_halves);
    wait_for(WORKERS);
    fake_smp_end();
}

TEST(sched, bottom_halves_run_and_never_nest)
{
    run_everywhere(bottom_halves);
}

/* ---- Bottom halves that take too long are held back, but never for good. ---- */

enum {
    HEAVY_RUNS = 20,
};

static struct bottom_half heavy;
static struct timer bystander;

static bool heavy_work(struct bottom_half *half)
{
    u64 until_ns = clock_deadline(3 * NS_PER_MS);

    (void)half;
    while (clock_now_ns() < until_ns)
        irq_enable();
    return ++half_calls[0] < HEAVY_RUNS;
}

static void bystander_fires(struct timer *timer)
{
    (void)timer;
}

/* The program computes; what brings the bottom halves back is the timer alone. */
static void overload(void *arg)
{
    u64 limit_ns = clock_deadline(NS_PER_SECOND);

    (void)arg;
    timer_init(&bystander, bystander_fires);
    timer_arm(&bystander, clock_deadline(7 * NS_PER_MS)); /* While they are held. */
    bottom_half_init(&heavy, heavy_work);
    bottom_half_queue(&heavy);
    while (half_calls[0] < HEAVY_RUNS) {
        irq_enable();
        sched_yield_if_due();
        CHECK(clock_now_ns() < limit_ns);
    }
    fake_smp_end();
}

TEST(sched, bottom_halves_held_back_come_again_whatever_the_timer_did)
{
    run_seeds(1, overload);
}

/* ---- Fairness, affinity, signals. ---- */

static struct thread *hogs[WORKERS];
static u64 end_ns;

static void hog(void *arg)
{
    (void)arg;
    while (clock_now_ns() < end_ns) {
        irq_enable(); /* A point where interrupts come in. */
        sched_yield_if_due();
    }
    worker_done();
    CHECK_EQ(wait_sleep_until(clock_deadline(NS_PER_SECOND)), -ETIMEDOUT);
}

static void fairness(void *arg)
{
    u64 least = UINT64_MAX;
    u64 most = 0;

    (void)arg;
    wait_queue_init(&all_done);
    end_ns = clock_deadline(60 * NS_PER_MS);
    for (int i = 0; i < 4; i++)
        hogs[i] = fake_smp_thread("hog", hog, NULL);
    sched_set_nice(hogs[3], 5); /* A third of the others' weight. */
    wait_for(4);
    for (int i = 0; i < 3; i++) {
        u64 runtime_ns = sched_runtime_ns(hogs[i]);

        least = runtime_ns < least ? runtime_ns : least;
        most = runtime_ns > most ? runtime_ns : most;
    }
    CHECK(most - least < 8 * NS_PER_MS);
    CHECK(sched_runtime_ns(hogs[3]) * 2 < most);
    fake_smp_end();
}

TEST(sched, shares_one_cpu_by_weight)
{
    run_seeds(1, fairness);
}

static void wander(void *arg)
{
    u64 me = (u64)(uintptr_t)arg;

    for (u64 i = 0; i < ROUNDS; i++) {
        u32 cpu = (u32)((i + me) % fake_cpu_count);

        CHECK_EQ(sched_set_affinity(thread_current(), 1ull << cpu), 0);
        CHECK_EQ(cpu_id(), cpu);
        if (i % 4 == 0)
            CHECK_EQ(wait_sleep_until(clock_deadline(10 * NS_PER_US)), -ETIMEDOUT);
        CHECK_EQ(cpu_id(), cpu);
    }
    worker_done();
}

static void affinities(void *arg)
{
    (void)arg;
    CHECK_EQ(sched_set_affinity(thread_current(), 1ull << 63), -EINVAL);
    start_workers(wander);
    wait_for(WORKERS);
    fake_smp_end();
}

TEST(sched, threads_stay_where_they_may)
{
    run_everywhere(affinities);
}

static bool all_posted;

static void wait_for_signal(void *arg)
{
    (void)arg;
    CHECK_EQ(wait_sleep_until(DEADLINE_NONE), -EINTR);
    while (!__atomic_load_n(&all_posted, __ATOMIC_SEQ_CST))
        thread_yield(); /* Who posts keeps the thread from ending. */
    worker_done();
}

static void signals(void *arg)
{
    struct thread *threads[WORKERS];

    (void)arg;
    wait_queue_init(&all_done);
    for (int i = 0; i < WORKERS; i++)
        threads[i] = fake_smp_thread("sleeper", wait_for_signal, NULL);
    for (int i = 0; i < WORKERS; i++)
        thread_post_work(threads[i], THREAD_WORK_SIGNAL);
    __atomic_store_n(&all_posted, true, __ATOMIC_SEQ_CST);
    wait_for(WORKERS);
    wait_for_burials(WORKERS);
    fake_smp_end();
}

TEST(sched, a_signal_ends_a_sleep_wherever_it_comes)
{
    run_everywhere(signals);
}
