/* SPDX-License-Identifier: Apache-2.0 */
/* The last thing before the machine ends: what the program sent arrives. */
#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/init/init.h"
#include "kernel/net/net.h"
#include "lib/base/types.h"

#define SEND_WAIT_NS (2 * NS_PER_SECOND)
/* For what lies between us and the peer to drain as well. */
#define CLOSE_WAIT_NS   (200 * NS_PER_MS)
#define RESTART_WAIT_NS (50 * NS_PER_MS)
#define LOOK_NS         NS_PER_MS

/* Deaf to signals: those that ended the program may still be pending. */
static void look_wait(void)
{
    sched_sleep_prepare();
    (void)sched_sleep(clock_deadline(LOOK_NS));
}

static bool wait_for(enum net_rest rest, u64 wait_ns)
{
    u64 deadline_ns = clock_deadline(wait_ns);

    while (net_rest() < rest) {
        if (clock_now_ns() >= deadline_ns)
            return false;
        look_wait();
    }
    return true;
}

void network_drain(bool shortly)
{
    if (shortly) {
        look_wait(); /* A reset of a connection waits for no answer, but the card has to send it. */
        (void)wait_for(NET_REST_UNCLOSED, RESTART_WAIT_NS);
    } else if (!wait_for(NET_REST_UNCLOSED, SEND_WAIT_NS)) {
        log_warn("net: the program has ended, and not all it sent has arrived");
    } else {
        (void)wait_for(NET_REST_NONE, CLOSE_WAIT_NS);
    }
}
