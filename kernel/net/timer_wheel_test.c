/* SPDX-License-Identifier: Apache-2.0 */
/* The wheel against a plain list of deadlines, under a random schedule. */
#include "kernel/arch/cpu.h"
#include "kernel/core/clock.h"
#include "kernel/net/timer_wheel.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

enum {
    TIMERS = 200,
};

struct item {
    struct net_timer timer;
    u64 deadline_ns; /* DEADLINE_NONE: not armed. */
};

static struct item items[TIMERS];
static u64 fired;

/* Never early, and at most one tick and a rounding late: the fake clock has no other delays. */
static void on_fire(struct net_timer *timer)
{
    struct item *item = CONTAINER_OF(timer, struct item, timer);

    CHECK(item->deadline_ns != DEADLINE_NONE);
    CHECK(fake_now_ns >= item->deadline_ns);
    CHECK(fake_now_ns <= item->deadline_ns + NS_PER_MS + 1);
    CHECK(!net_timer_is_armed(timer));
    item->deadline_ns = DEADLINE_NONE;
    fired++;
    if (fired % 3 == 0) {
        item->deadline_ns = fake_now_ns + (u64)random() % (NS_PER_SECOND * 100);
        CHECK(net_timer_arm(timer, item->deadline_ns));
    }
}

static u64 armed_count(void)
{
    u64 count = 0;

    for (u32 i = 0; i < TIMERS; i++) {
        CHECK_EQ(net_timer_is_armed(&items[i].timer), items[i].deadline_ns != DEADLINE_NONE);
        count += items[i].deadline_ns != DEADLINE_NONE;
        if (items[i].deadline_ns != DEADLINE_NONE)
            CHECK(items[i].deadline_ns + NS_PER_MS + 1 >= fake_now_ns);
    }
    return count;
}

/* Delays of every size: each level of the wheel gets its share. */
static u64 random_delay_ns(void)
{
    return ((u64)random() << 20 | (u64)random()) >> (random() % 45);
}

static void run_schedule(unsigned seed, u32 steps)
{
    timer_wheel_init();
    srandom(seed);
    for (u32 i = 0; i < TIMERS; i++) {
        net_timer_init(&items[i].timer, on_fire);
        items[i].deadline_ns = DEADLINE_NONE;
    }
    for (u32 step = 0; step < steps; step++) {
        struct item *item = &items[random() % TIMERS];
        bool was_armed = item->deadline_ns != DEADLINE_NONE;

        fake_cpu = (u32)random() % 3;
        switch (random() % 4) {
        case 0:
        case 1:
            item->deadline_ns = fake_now_ns + random_delay_ns();
            CHECK_EQ(net_timer_arm(&item->timer, item->deadline_ns), !was_armed);
            break;
        case 2:
            item->deadline_ns = DEADLINE_NONE;
            CHECK_EQ(net_timer_cancel(&item->timer), was_armed);
            break;
        default:
            fake_clock_advance(random_delay_ns());
            break;
        }
        CHECK_EQ(net_timer_count(), armed_count());
    }
    for (u32 i = 0; i < TIMERS; i++)
        net_timer_cancel(&items[i].timer);
    CHECK_EQ(net_timer_count(), 0);
}

TEST(timer_wheel, fires_each_timer_once_and_in_time)
{
    for (unsigned seed = 1; seed <= 5; seed++)
        run_schedule(seed, 3000);
    CHECK(fired > 1000);
}

TEST(timer_wheel, keeps_the_core_timer_off_while_empty)
{
    timer_wheel_init();
    net_timer_init(&items[0].timer, on_fire);
    CHECK_EQ(fake_timers_armed(), 0);
    items[0].deadline_ns = fake_now_ns + 5 * NS_PER_MS;
    CHECK(net_timer_arm(&items[0].timer, items[0].deadline_ns));
    CHECK_EQ(fake_timers_armed(), 1);
    fired = 0;
    fake_clock_advance(NS_PER_SECOND);
    CHECK_EQ(fired, 1);
    CHECK_EQ(fake_timers_armed(), 0);
}

TEST(timer_wheel, fires_a_deadline_of_the_past_at_the_next_tick)
{
    timer_wheel_init();
    net_timer_init(&items[0].timer, on_fire);
    items[0].deadline_ns = fake_now_ns - 1;
    fired = 0;
    CHECK(net_timer_arm(&items[0].timer, 0));
    fake_clock_advance(2 * NS_PER_MS);
    CHECK_EQ(fired, 1);
}

TEST(timer_wheel, cancelled_while_others_fire_stays_cancelled)
{
    timer_wheel_init();
    for (u32 i = 0; i < 10; i++) {
        net_timer_init(&items[i].timer, on_fire);
        items[i].deadline_ns = fake_now_ns + NS_PER_MS;
        CHECK(net_timer_arm(&items[i].timer, items[i].deadline_ns));
    }
    CHECK(net_timer_cancel(&items[4].timer));
    net_timer_cancel_wait(&items[5].timer);
    items[4].deadline_ns = DEADLINE_NONE;
    items[5].deadline_ns = DEADLINE_NONE;
    fired = 0;
    fake_clock_advance(3 * NS_PER_MS);
    CHECK_EQ(fired, 8);
}
