/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that use one socket at the same moment: naming it, connecting it, listening and ending
 * that, reading from it. Of the calls that may succeed only once one does; nobody is left behind.
 */
#include "test/abi/abi_net.h"

#include <pthread.h>
#include <sys/un.h>

enum {
    THREADS = 4,
    ROUNDS = 200,
};

static pthread_barrier_t barrier;
static int fd; /* Made anew for each round by thread 0. */
static int listener;
static atomic_int successes;
static void (*act)(int thread, int round);
static int (*make)(void);

static void *run(void *arg)
{
    int thread = *(int *)arg;
    int round;

    for (round = 0; round < ROUNDS; round++) {
        if (thread == 0) {
            fd = make();
            successes = 0;
        }
        pthread_barrier_wait(&barrier);
        act(thread, round);
        pthread_barrier_wait(&barrier);
        if (thread == 0)
            close(fd);
    }
    return NULL;
}

static void race(int (*maker)(void), void (*actor)(int thread, int round))
{
    static int numbers[THREADS] = { 0, 1, 2, 3 };
    pthread_t threads[THREADS];
    int i;

    make = maker;
    act = actor;
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, run, &numbers[i]), 0);
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_join(threads[i], NULL), 0);
}

/* ---- Names. ---- */

static int make_udp(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0);
}

/* Each of these gives it a port where it has none yet. */
static void name_udp(int thread, int round)
{
    struct sockaddr_in nobody = { .sin_family = AF_UNSPEC };
    struct sockaddr_in to = net_local(htons(9));
    struct sockaddr_in any = { .sin_family = AF_INET };
    int result = 0;

    switch ((thread + round) % THREADS) {
    case 0:
        result = bind(fd, (struct sockaddr *)&any, sizeof(any));
        EXPECT(result == 0 || errno == EINVAL);
        break;
    case 1:
        result = (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
        EXPECT(result == 1 || errno == ECONNREFUSED || errno == EISCONN);
        break;
    case 2:
        EXPECT_EQ(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
        break;
    default:
        EXPECT_EQ(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
        EXPECT_EQ(connect(fd, (struct sockaddr *)&nobody, sizeof(nobody)), 0);
        break;
    }
}

static int make_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static void name_unix(int thread, int round)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    bool is_abstract = (thread + round) % 2 != 0;
    socklen_t len;
    int result;

    len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + is_abstract) +
          (socklen_t)snprintf(name.sun_path + is_abstract, 40, "race-%d-%d", thread, round);
    result = bind(fd, (struct sockaddr *)&name, len);
    EXPECT(result == 0 || errno == EINVAL);
    if (result == 0)
        successes++;
    pthread_barrier_wait(&barrier);
    if (thread == 0)
        EXPECT_EQ(successes, 1);
}

/* ---- Listening. ---- */

static int make_client(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static void listen_and_stop(int thread, int round)
{
    struct sockaddr_in to = net_local(net_port(listener));
    int got;

    switch ((thread + round) % THREADS) {
    case 0:
        shutdown(listener, SHUT_RD);
        break;
    case 1:
        EXPECT_EQ(listen(listener, 4), 0);
        break;
    case 2:
        got = accept(listener, NULL, NULL);
        EXPECT(got >= 0 || errno == EAGAIN || errno == EINVAL);
        if (got >= 0)
            close(got);
        break;
    default:
        got = connect(fd, (struct sockaddr *)&to, sizeof(to));
        EXPECT(got == 0 || errno == EINPROGRESS || errno == ECONNREFUSED);
        break;
    }
}

/* After all that it still does what a listener does. */
static void serves_still(void)
{
    int client = socket(AF_INET, SOCK_STREAM, 0);
    char c = 0;
    int server;

    shutdown(listener, SHUT_RD);
    EXPECT_EQ(listen(listener, 4), 0);
    EXPECT_EQ(net_connect(client, net_port(listener)), 0);
    server = accept(listener, NULL, NULL);
    EXPECT(server >= 0);
    EXPECT_EQ(write(client, "y", 1), 1);
    EXPECT_EQ(read(server, &c, 1), 1);
    EXPECT_EQ(c, 'y');
    close(client);
    close(server);
}

/* ---- Waiting. ---- */

static void *read_one(void *arg)
{
    char c;

    (void)arg;
    EXPECT_EQ(read(fd, &c, 1), 1);
    return NULL;
}

/* One segment for two readers: the second gets what the first leaves. */
static void both_readers_get_theirs(int writer)
{
    pthread_t readers[2];
    int i;

    for (i = 0; i < 2; i++)
        EXPECT_EQ(pthread_create(&readers[i], NULL, read_one, NULL), 0);
    abi_sleep_ms(20); /* Both sleep, most likely: if not, this proves less. */
    EXPECT_EQ(write(writer, "12", 2), 2);
    for (i = 0; i < 2; i++)
        EXPECT_EQ(pthread_join(readers[i], NULL), 0);
}

static void *accept_none(void *arg)
{
    (void)arg;
    EXPECT_ERRNO(accept(listener, NULL, NULL), EINVAL);
    return NULL;
}

static void all_learn_of_the_end(void)
{
    pthread_t threads[THREADS];
    int i;

    EXPECT_EQ(listen(listener, 4), 0);
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, accept_none, NULL), 0);
    abi_sleep_ms(20); /* Likewise. */
    EXPECT_EQ(shutdown(listener, SHUT_RDWR), 0);
    for (i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    int pair[2];
    int writer;
    int i;

    abi_dir();
    EXPECT_EQ(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    race(make_udp, name_udp);
    race(make_unix, name_unix);
    listener = net_listener(4);
    EXPECT_EQ(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    race(make_client, listen_and_stop);
    EXPECT_EQ(fcntl(listener, F_SETFL, 0), 0);
    serves_still();
    close(listener);

    listener = net_listener(4);
    writer = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(net_connect(writer, net_port(listener)), 0);
    fd = accept(listener, NULL, NULL);
    for (i = 0; i < 5; i++)
        both_readers_get_theirs(writer);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    fd = pair[0];
    for (i = 0; i < 5; i++)
        both_readers_get_theirs(pair[1]);
    all_learn_of_the_end();
    return abi_done();
}
