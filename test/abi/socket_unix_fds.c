/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and credentials sent over unix sockets (SCM_RIGHTS, SCM_CREDENTIALS). */
#include "test/abi/abi_net.h"

#include <sys/uio.h>

enum {
    FDS_MAX = 16,
};

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static ssize_t send_fds(int sock, const int *fds, size_t count)
{
    union control control = { .bytes = "" };
    struct iovec vec = { (char[]){ "x" }, 1 };
    struct msghdr msg = { .msg_iov = &vec,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
    return sendmsg(sock, &msg, 0);
}

/* The number of descriptors that came with the next message; `room` is for how many to ask. */
static int receive_fds(int sock, int *fds, size_t room, int flags, int *msg_flags)
{
    union control control = { .bytes = "" };
    char c = 0;
    struct iovec vec = { &c, 1 };
    struct msghdr msg = { .msg_iov = &vec,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = room ? CMSG_SPACE(room * sizeof(int)) : 0 };
    struct cmsghdr *cmsg;
    size_t count;

    EXPECT_EQ(recvmsg(sock, &msg, flags), 1);
    EXPECT_EQ(c, 'x');
    *msg_flags = msg.msg_flags;
    cmsg = CMSG_FIRSTHDR(&msg);
    if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
        return 0;
    count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(cmsg), count * sizeof(int));
    return (int)count;
}

static void a_file_travels(int *pair)
{
    int got[FDS_MAX] = { 0 };
    int flags = 0;
    char buf[8];
    int fd;

    abi_put("f", "travels");
    fd = open("f", O_RDONLY);
    EXPECT_EQ(send_fds(pair[0], &fd, 1), 1);
    EXPECT_EQ(close(fd), 0);
    EXPECT_EQ(receive_fds(pair[1], got, 4, MSG_CMSG_CLOEXEC, &flags), 1);
    EXPECT_EQ(flags & MSG_CTRUNC, 0);
    EXPECT_EQ(fcntl(got[0], F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(read(got[0], buf, 7), 7);
    EXPECT(memcmp(buf, "travels", 7) == 0);
    close(got[0]);
}

/* It is the same open file: the offset is shared. */
static void offsets_are_shared(int *pair)
{
    int got[FDS_MAX] = { 0 };
    int flags = 0;
    int fd = open("f", O_RDONLY);

    EXPECT_EQ(send_fds(pair[0], &fd, 1), 1);
    EXPECT_EQ(receive_fds(pair[1], got, 1, 0, &flags), 1);
    EXPECT_EQ(fcntl(got[0], F_GETFD), 0);
    EXPECT_EQ(lseek(fd, 3, SEEK_SET), 3);
    EXPECT_EQ(lseek(got[0], 0, SEEK_CUR), 3);
    close(fd);
    close(got[0]);
}

static void several_and_too_many(int *pair)
{
    int pipes[2];
    int sent[4];
    int got[FDS_MAX] = { 0 };
    int flags = 0;
    int i;
    char c;

    EXPECT_EQ(pipe(pipes), 0);
    for (i = 0; i < 4; i++)
        sent[i] = pipes[1];
    EXPECT_EQ(send_fds(pair[0], sent, 4), 1);
    EXPECT_EQ(receive_fds(pair[1], got, FDS_MAX, 0, &flags), 4);
    for (i = 0; i < 4; i++)
        close(got[i]);

    /* With room for two the others are closed, and with no room all. */
    EXPECT_EQ(send_fds(pair[0], sent, 4), 1);
    EXPECT_EQ(receive_fds(pair[1], got, 2, 0, &flags), 2);
    EXPECT(flags & MSG_CTRUNC);
    close(got[0]);
    close(got[1]);
    EXPECT_EQ(send_fds(pair[0], sent, 4), 1);
    EXPECT_EQ(receive_fds(pair[1], got, 0, 0, &flags), 0);
    EXPECT(flags & MSG_CTRUNC);
    EXPECT_EQ(send_fds(pair[0], sent, 4), 1);
    EXPECT_EQ(read(pair[1], &c, 1), 1);

    /* No copy is left anywhere: the pipe ends when we close ours. */
    EXPECT_EQ(close(pipes[1]), 0);
    EXPECT_EQ(read(pipes[0], &c, 1), 0);
    close(pipes[0]);
    sent[0] = 1000;
    EXPECT_ERRNO(send_fds(pair[0], sent, 1), EBADF);
}

/* A message on its way keeps files open; closing the socket lets go of them. */
static void in_flight(void)
{
    int pair[2];
    int pipes[2];
    char c;

    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    EXPECT_EQ(pipe2(pipes, O_NONBLOCK), 0);
    EXPECT_EQ(send_fds(pair[0], &pipes[1], 1), 1);
    EXPECT_EQ(close(pipes[1]), 0);
    EXPECT_ERRNO(read(pipes[0], &c, 1), EAGAIN);
    close(pair[0]);
    close(pair[1]);
    EXPECT_EQ(net_wait(pipes[0], POLLIN), POLLHUP);
    EXPECT_EQ(read(pipes[0], &c, 1), 0);
    close(pipes[0]);
}

static void credentials(int *pair)
{
    union control control = { .bytes = "" };
    struct ucred cred = { 0 };
    char c = 0;
    struct iovec vec = { &c, 1 };
    struct msghdr msg = {
        .msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    struct cmsghdr *cmsg;

    EXPECT_EQ(net_set(pair[1], SOL_SOCKET, SO_PASSCRED, 1), 0);
    EXPECT_EQ(write(pair[0], "x", 1), 1);
    EXPECT_EQ(recvmsg(pair[1], &msg, 0), 1);
    cmsg = CMSG_FIRSTHDR(&msg);
    EXPECT(cmsg && cmsg->cmsg_type == SCM_CREDENTIALS);
    if (cmsg)
        memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
    EXPECT(cred.pid == getpid() && cred.uid == getuid() && cred.gid == getgid());
}

int main(void)
{
    int pair[2];

    abi_dir();
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    a_file_travels(pair);
    offsets_are_shared(pair);
    several_and_too_many(pair);
    in_flight();
    credentials(pair);
    return abi_done();
}
