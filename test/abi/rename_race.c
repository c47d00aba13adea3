/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that rename, remove and walk the same names at once. */
#include "test/abi/abi.h"

#include <pthread.h>

enum {
    ROUNDS = 400,
};

static pthread_barrier_t barrier;
static atomic_int winners;
static atomic_bool done;

/* Whoever renames the job has it. */
static void *claim(void *mine)
{
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        if (rename("job", mine) == 0) {
            atomic_fetch_add(&winners, 1);
        } else if (errno != ENOENT) {
            atomic_fetch_add(&winners, 100);
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void one_wins(void)
{
    static char names[2][8] = { "job.a", "job.b" };
    pthread_t threads[2];
    int bad = 0;

    pthread_barrier_init(&barrier, NULL, 3);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, claim, names[i]);
    for (int round = 0; round < ROUNDS; round++) {
        abi_put("job", "work");
        atomic_store(&winners, 0);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        bad += atomic_load(&winners) != 1;
        bad += (unlink("job.a") == 0) + (unlink("job.b") == 0) != 1;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    EXPECT_EQ(bad, 0);
}

static void *replace(void *arg)
{
    (void)arg;
    while (!atomic_load(&done)) {
        abi_put("new", "new");
        rename("new", "always");
    }
    return NULL;
}

/* A name that is only ever replaced never fails to open. */
static void never_missing(void)
{
    pthread_t thread;
    int bad = 0;

    atomic_store(&done, false);
    abi_put("always", "old");
    pthread_create(&thread, NULL, replace, NULL);
    for (int i = 0; i < 4 * ROUNDS; i++) {
        int fd = open("always", O_RDONLY);

        bad += fd < 0;
        if (fd >= 0)
            close(fd);
    }
    atomic_store(&done, true);
    pthread_join(thread, NULL);
    EXPECT_EQ(bad, 0);
}

static void *move_about(void *arg)
{
    (void)arg;
    while (!atomic_load(&done)) {
        mkdir("other", 0755);
        rename("home/moving", "other/moving");
        rename("other/moving", "home/moving");
        rmdir("other");
    }
    return NULL;
}

/* ".." of a directory that is moved leads to one of its parents, also when that goes meanwhile. */
static void up_while_moving(void)
{
    pthread_t thread;
    struct stat above;
    struct stat here;
    int bad = 0;
    int fd;

    atomic_store(&done, false);
    EXPECT_EQ(mkdir("home", 0755), 0);
    EXPECT_EQ(mkdir("home/moving", 0755), 0);
    EXPECT_EQ(stat(".", &here), 0);
    fd = open("home/moving", O_RDONLY | O_DIRECTORY);
    pthread_create(&thread, NULL, move_about, NULL);
    for (int i = 0; i < 4 * ROUNDS; i++)
        bad += fstatat(fd, "../..", &above, 0) != 0 || above.st_ino != here.st_ino;
    atomic_store(&done, true);
    pthread_join(thread, NULL);
    close(fd);
    EXPECT_EQ(bad, 0);
}

int main(void)
{
    abi_dir();
    one_wins();
    never_missing();
    up_while_moving();
    return abi_done();
}
