/* SPDX-License-Identifier: Apache-2.0 */
/* send(2), recv(2), sendmsg(2), recvmsg(2), their many-message forms, and each flag, over TCP. */
#include "test/abi/abi_net.h"

#include <pthread.h>
#include <signal.h>
#include <sys/uio.h>

static volatile sig_atomic_t broken;

static void on_sigpipe(int sig)
{
    (void)sig;
    broken++;
}

static void vectors(int *fds)
{
    char a[4] = "";
    char b[16] = "";
    struct iovec out[] = { { (char[]){ "head" }, 4 }, { NULL, 0 }, { (char[]){ "body" }, 4 } };
    struct iovec in[] = { { a, 3 }, { b, 15 } };
    struct msghdr put = { .msg_iov = out, .msg_iovlen = 3 };
    struct msghdr get = { .msg_iov = in, .msg_iovlen = 2, .msg_flags = -1 };

    EXPECT_EQ(sendmsg(fds[0], &put, 0), 8);
    EXPECT_EQ(net_wait(fds[1], POLLIN), POLLIN);
    EXPECT_EQ(recvmsg(fds[1], &get, 0), 8);
    EXPECT(strcmp(a, "hea") == 0 && strcmp(b, "dbody") == 0);
    EXPECT_EQ(get.msg_flags & (MSG_TRUNC | MSG_CTRUNC), 0);
    put.msg_iovlen = 5000;
    EXPECT_ERRNO(sendmsg(fds[0], &put, 0), EMSGSIZE);
}

static void peeking(int *fds)
{
    char buf[8] = "";

    EXPECT_EQ(send(fds[0], "peek", 4, 0), 4);
    EXPECT_EQ(net_wait(fds[1], POLLIN), POLLIN);
    EXPECT_EQ(recv(fds[1], buf, 2, MSG_PEEK), 2);
    EXPECT_EQ(recv(fds[1], buf, sizeof(buf), MSG_PEEK), 4);
    EXPECT(memcmp(buf, "peek", 4) == 0);
    EXPECT_EQ(recv(fds[1], buf, sizeof(buf), 0), 4);
    EXPECT_ERRNO(recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    EXPECT_ERRNO(recv(fds[1], buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    EXPECT_EQ(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);

    /* With MSG_TRUNC TCP throws bytes away. */
    EXPECT_EQ(send(fds[0], "dropkeep", 8, 0), 8);
    EXPECT_EQ(net_wait(fds[1], POLLIN), POLLIN);
    EXPECT_EQ(recv(fds[1], NULL, 4, MSG_TRUNC), 4);
    EXPECT_EQ(recv(fds[1], buf, sizeof(buf), 0), 4);
    EXPECT(memcmp(buf, "keep", 4) == 0);
}

static void *send_in_pieces(void *arg)
{
    int fd = *(int *)arg;

    EXPECT_EQ(send(fd, "aa", 2, 0), 2);
    abi_sleep_ms(30);
    EXPECT_EQ(send(fd, "bb", 2, MSG_MORE), 2);
    abi_sleep_ms(30);
    EXPECT_EQ(send(fd, "cc", 2, 0), 2);
    return NULL;
}

static void waiting_for_all(int *fds)
{
    pthread_t thread;
    char buf[8] = "";

    EXPECT_EQ(pthread_create(&thread, NULL, send_in_pieces, &fds[0]), 0);
    EXPECT_EQ(recv(fds[1], buf, 6, MSG_WAITALL), 6);
    EXPECT(strcmp(buf, "aabbcc") == 0);
    pthread_join(thread, NULL);

    /* The end of the stream ends the wait with what there is. */
    EXPECT_EQ(send(fds[0], "end", 3, 0), 3);
    EXPECT_EQ(shutdown(fds[0], SHUT_WR), 0);
    EXPECT_EQ(recv(fds[1], buf, 8, MSG_WAITALL), 3);
}

static void broken_pipe(int *fds)
{
    struct sigaction action = { .sa_handler = on_sigpipe };

    sigaction(SIGPIPE, &action, NULL);
    EXPECT_ERRNO(send(fds[0], "x", 1, 0), EPIPE);
    EXPECT_EQ(broken, 1);
    EXPECT_ERRNO(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    EXPECT_EQ(broken, 1);
    EXPECT_ERRNO(write(fds[0], "x", 1), EPIPE);
    EXPECT_EQ(broken, 2);
}

static void many_messages(void)
{
    struct mmsghdr out[3];
    struct mmsghdr in[5];
    struct iovec out_vec[3] = { { (char[]){ "1" }, 1 },
                                { (char[]){ "22" }, 2 },
                                { (char[]){ "333" }, 3 } };
    struct iovec in_vec[5];
    char bufs[5][8] = { 0 };
    int a = net_bound(SOCK_DGRAM);
    int b = net_bound(SOCK_DGRAM);
    int i;

    EXPECT_EQ(net_connect(a, net_port(b)), 0);
    memset(out, 0, sizeof(out));
    memset(in, 0, sizeof(in));
    for (i = 0; i < 3; i++) {
        out[i].msg_hdr.msg_iov = &out_vec[i];
        out[i].msg_hdr.msg_iovlen = 1;
    }
    for (i = 0; i < 5; i++) {
        in_vec[i] = (struct iovec){ bufs[i], 8 };
        in[i].msg_hdr.msg_iov = &in_vec[i];
        in[i].msg_hdr.msg_iovlen = 1;
    }
    EXPECT_EQ(sendmmsg(a, out, 3, 0), 3);
    EXPECT(out[0].msg_len == 1 && out[2].msg_len == 3);
    EXPECT_EQ(net_wait(b, POLLIN), POLLIN);
    EXPECT_EQ(recvmmsg(b, in, 5, MSG_WAITFORONE, NULL), 3);
    EXPECT(in[1].msg_len == 2 && memcmp(bufs[2], "333", 3) == 0);
    close(a);
    close(b);
}

int main(void)
{
    int fds[2];
    char c;

    net_pair(fds);
    vectors(fds);
    peeking(fds);
    waiting_for_all(fds);
    broken_pipe(fds);
    many_messages();
    EXPECT_ERRNO(send(1000, "x", 1, 0), EBADF);
    EXPECT_ERRNO(recv(0, &c, 1, 0), ENOTSOCK);
    EXPECT_ERRNO(recv(fds[0], &c, 1, MSG_OOB), EINVAL);
    EXPECT_ERRNO(recv(fds[0], &c, 1, MSG_ERRQUEUE), EAGAIN);
    return abi_done();
}
