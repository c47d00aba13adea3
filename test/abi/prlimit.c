/* SPDX-License-Identifier: Apache-2.0 */
/* getrlimit(2), setrlimit(2), prlimit(2); the limit of descriptors is kept (EMFILE). */
#include "test/abi/abi.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void descriptors_run_out(void)
{
    struct rlimit limit = { 64, 64 };
    int first = open("/dev/null", O_RDONLY);
    int fd = first;
    int fds[2];

    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (fd >= 0 && fd < 63)
        fd = dup(first);
    EXPECT_EQ(fd, 63);
    EXPECT_ERRNO(dup(first), EMFILE);
    EXPECT_ERRNO(open("/dev/null", O_RDONLY), EMFILE);
    EXPECT_ERRNO(pipe(fds), EMFILE);
    EXPECT_ERRNO(socket(AF_INET, SOCK_STREAM, 0), EMFILE);
    EXPECT_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
    EXPECT_ERRNO(epoll_create1(0), EMFILE);
    EXPECT_ERRNO(eventfd(0, 0), EMFILE);
    EXPECT_ERRNO(fcntl(first, F_DUPFD, 10), EMFILE);
    EXPECT_ERRNO(fcntl(first, F_DUPFD, 64), EINVAL);
    EXPECT_ERRNO(dup2(first, 64), EBADF);

    /* A pipe needs two: with room for one it takes none. */
    EXPECT_EQ(close(63), 0);
    EXPECT_ERRNO(pipe(fds), EMFILE);
    EXPECT_EQ(dup(first), 63);

    /* What is open above a lowered limit stays open. */
    limit.rlim_cur = 32;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT(fcntl(63, F_GETFD) >= 0);
    limit.rlim_cur = 1000;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(dup(first), 64);
}

int main(void)
{
    static const int resources[] = { RLIMIT_CPU,   RLIMIT_FSIZE,  RLIMIT_DATA,
                                     RLIMIT_STACK, RLIMIT_CORE,   RLIMIT_AS,
                                     RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_MEMLOCK };
    struct rlimit limit;
    struct rlimit old;
    size_t i;

    for (i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        EXPECT_EQ(getrlimit((__rlimit_resource_t)resources[i], &limit), 0);
        EXPECT(limit.rlim_cur <= limit.rlim_max);
        EXPECT_EQ(setrlimit((__rlimit_resource_t)resources[i], &limit), 0);
    }
    EXPECT_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
    EXPECT(limit.rlim_cur >= 1u << 20);
    descriptors_run_out();

    EXPECT_EQ(prlimit(0, RLIMIT_CORE, NULL, &old), 0);
    limit.rlim_cur = 0;
    limit.rlim_max = old.rlim_max;
    EXPECT_EQ(prlimit(getpid(), RLIMIT_CORE, &limit, &old), 0);
    EXPECT_EQ(prlimit(0, RLIMIT_CORE, NULL, &old), 0);
    EXPECT_EQ(old.rlim_cur, 0);
    limit.rlim_cur = 2;
    limit.rlim_max = 1;
    EXPECT_ERRNO(setrlimit(RLIMIT_CORE, &limit), EINVAL);
    EXPECT_ERRNO(getrlimit((__rlimit_resource_t)99, &limit), EINVAL);
    EXPECT_ERRNO(prlimit(0x7ffffff, RLIMIT_CORE, NULL, &old), ESRCH);
    EXPECT_ERRNO(getrlimit(RLIMIT_CORE, abi_bad_pointer()), EFAULT);
    return abi_done();
}
