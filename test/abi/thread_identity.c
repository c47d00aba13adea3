/* SPDX-License-Identifier: Apache-2.0 */
/* gettid(2), set_tid_address(2), thread names, and what other threads' numbers are good for. */
#include "test/abi/abi.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

static atomic_int tid_word = 1;
static atomic_int other_tid;
static atomic_int stop;

static void *end_clears_the_word(void *arg)
{
    EXPECT_EQ(syscall(SYS_set_tid_address, &tid_word), gettid());
    EXPECT_EQ(prctl(PR_SET_NAME, "a-name-that-is-too-long"), 0);
    other_tid = gettid();
    while (!stop)
        abi_sleep_ms(1);

    /* Straight out: the library must not see this thread again. */
    syscall(SYS_exit, 0);
    return arg;
}

int main(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    char path[64];
    char name[32] = "";

    EXPECT_EQ(gettid(), getpid());
    EXPECT_EQ(syscall(SYS_set_tid_address, &tid_word), getpid());
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    EXPECT_EQ(pthread_create(&thread, &attr, end_clears_the_word, NULL), 0);
    while (!other_tid)
        abi_sleep_ms(1);
    EXPECT(other_tid != getpid());
    EXPECT_EQ(tgkill(getpid(), other_tid, 0), 0);
    EXPECT_EQ(syscall(SYS_tkill, other_tid, 0), 0);
    EXPECT_ERRNO(tgkill(getpid() + 100000, other_tid, 0), ESRCH);
    EXPECT_ERRNO(tgkill(getpid(), -1, 0), EINVAL);
    EXPECT_ERRNO(tgkill(getpid(), other_tid, 65), EINVAL);

    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", other_tid);
    EXPECT(abi_slurp(path, name, sizeof(name)) > 0);
    EXPECT(strcmp(name, "a-name-that-is-\n") == 0);

    stop = 1;
    while (tid_word)
        syscall(SYS_futex, &tid_word, FUTEX_WAIT, 1, NULL, NULL, 0);
    while (access(path, F_OK) == 0)
        abi_sleep_ms(1);
    EXPECT_ERRNO(tgkill(getpid(), other_tid, 0), ESRCH);
    return abi_done();
}
