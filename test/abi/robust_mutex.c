/* SPDX-License-Identifier: Apache-2.0 */
/* Robust mutexes: a thread that ends while it holds one leaves it to the next, who is told. */
#include "test/abi/abi.h"

#include <linux/futex.h>
#include <pthread.h>

static pthread_mutex_t mutexes[3];

static void *die_holding(void *arg)
{
    int i;

    for (i = 0; i < 3; i++)
        EXPECT_EQ(pthread_mutex_lock(&mutexes[i]), 0);
    abi_sleep_ms((int)(intptr_t)arg);
    return NULL;
}

static void owner_is_dead(pthread_mutex_t *mutex)
{
    EXPECT_EQ(pthread_mutex_lock(mutex), EOWNERDEAD);
    EXPECT_EQ(pthread_mutex_consistent(mutex), 0);
    EXPECT_EQ(pthread_mutex_unlock(mutex), 0);
    EXPECT_EQ(pthread_mutex_lock(mutex), 0);
    EXPECT_EQ(pthread_mutex_unlock(mutex), 0);
}

static void lists(void)
{
    void *head = NULL;
    size_t len = 0;

    EXPECT_EQ(syscall(SYS_get_robust_list, 0, &head, &len), 0);
    EXPECT(head && len == sizeof(struct robust_list_head));
    EXPECT_ERRNO(syscall(SYS_set_robust_list, head, len + 1), EINVAL);
    EXPECT_EQ(syscall(SYS_set_robust_list, head, len), 0);
    EXPECT_ERRNO(syscall(SYS_get_robust_list, 0x7ffffff, &head, &len), ESRCH);
    EXPECT_ERRNO(syscall(SYS_get_robust_list, 0, abi_bad_pointer(), &len), EFAULT);
}

int main(void)
{
    pthread_mutexattr_t attr;
    pthread_t thread;
    int i;

    pthread_mutexattr_init(&attr);
    EXPECT_EQ(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
    for (i = 0; i < 3; i++)
        EXPECT_EQ(pthread_mutex_init(&mutexes[i], &attr), 0);

    EXPECT_EQ(pthread_create(&thread, NULL, die_holding, (void *)0), 0);
    pthread_join(thread, NULL);
    for (i = 0; i < 3; i++)
        owner_is_dead(&mutexes[i]);

    /* We already wait when the owner dies. */
    EXPECT_EQ(pthread_create(&thread, NULL, die_holding, (void *)100), 0);
    abi_sleep_ms(50);
    owner_is_dead(&mutexes[2]);
    pthread_join(thread, NULL);
    owner_is_dead(&mutexes[0]);

    /* Without a repair it can never be locked again. */
    EXPECT_EQ(pthread_mutex_lock(&mutexes[1]), EOWNERDEAD);
    EXPECT_EQ(pthread_mutex_unlock(&mutexes[1]), 0);
    EXPECT_EQ(pthread_mutex_lock(&mutexes[1]), ENOTRECOVERABLE);
    lists();
    return abi_done();
}
