/* SPDX-License-Identifier: Apache-2.0 */
/* A small program, linked statically: arguments, environment, a file, a clock, a thread. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sys/auxv.h>

static __thread int local = 5;

static void *thread_main(void *arg)
{
    EXPECT_EQ(local, 5);
    local = 6;
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    void *result = NULL;

    printf("hello from %s\n", argv[0]);
    EXPECT(argc >= 1 && argv[argc] == NULL);
    EXPECT(environ != NULL);
    EXPECT_EQ(getauxval(AT_BASE), 0);
    EXPECT(abi_now() > 0);
    abi_dir();
    abi_put("f", "static");
    EXPECT(abi_holds("f", "static"));
    EXPECT_EQ(pthread_create(&thread, NULL, thread_main, argv), 0);
    EXPECT_EQ(pthread_join(thread, &result), 0);
    EXPECT(result == argv && local == 5);
    return abi_done();
}
