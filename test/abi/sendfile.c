/* SPDX-License-Identifier: Apache-2.0 */
/* sendfile(2): file to socket, pipe and file; offsets; end of file; full receivers. */
#include "test/abi/abi.h"

#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

enum {
    SIZE = 300000,
};

static unsigned char data[SIZE];
static unsigned char got[SIZE];

static void *receive_all(void *arg)
{
    size_t len = 0;
    ssize_t n = 1;

    while (len < SIZE && n > 0) {
        n = read(*(int *)arg, got + len, SIZE - len);
        if (n > 0)
            len += (size_t)n;
    }
    EXPECT_EQ(len, SIZE);
    return NULL;
}

static void whole_file_to_a_socket(int file)
{
    pthread_t thread;
    off_t offset = 0;
    ssize_t n = 1;
    int fds[2];

    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, receive_all, &fds[1]), 0);
    while (offset < SIZE && n > 0)
        n = sendfile(fds[0], file, &offset, SIZE);
    EXPECT_EQ(offset, SIZE);
    EXPECT_EQ(sendfile(fds[0], file, &offset, 100), 0);
    pthread_join(thread, NULL);
    EXPECT(memcmp(data, got, SIZE) == 0);
    close(fds[0]);
    close(fds[1]);
}

static void offsets(int file)
{
    off_t offset = 1000;
    int fds[2];

    EXPECT_EQ(pipe(fds), 0);
    EXPECT_EQ(lseek(file, 10, SEEK_SET), 10);
    EXPECT_EQ(sendfile(fds[1], file, &offset, 50), 50);
    EXPECT_EQ(offset, 1050);
    EXPECT_EQ(lseek(file, 0, SEEK_CUR), 10);
    EXPECT_EQ(read(fds[0], got, 50), 50);
    EXPECT(memcmp(got, data + 1000, 50) == 0);
    EXPECT_EQ(sendfile(fds[1], file, NULL, 20), 20);
    EXPECT_EQ(lseek(file, 0, SEEK_CUR), 30);
    EXPECT_EQ(read(fds[0], got, 50), 20);
    EXPECT(memcmp(got, data + 10, 20) == 0);

    /* Near the end it sends what there is. */
    offset = SIZE - 7;
    EXPECT_EQ(sendfile(fds[1], file, &offset, 100), 7);
    EXPECT_EQ(offset, SIZE);
    close(fds[0]);
    close(fds[1]);
}

static void a_full_receiver_takes_no_more(int file)
{
    off_t offset = 0;
    ssize_t n = 1;
    int fds[2];

    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    for (n = 1; n > 0;) {
        off_t start = 0;

        n = sendfile(fds[0], file, &start, SIZE);
        if (n > 0)
            offset += n;
    }
    EXPECT_EQ(errno, EAGAIN);
    EXPECT(offset > 0);
    close(fds[0]);
    close(fds[1]);
}

static void file_to_file_and_errors(int file)
{
    off_t offset = 0;
    int out = open("copy", O_RDWR | O_CREAT, 0600);
    int rd = open("copy", O_RDONLY);
    int fds[2];

    EXPECT_EQ(sendfile(out, file, &offset, 5000), 5000);
    EXPECT_EQ(pread(out, got, SIZE, 0), 5000);
    EXPECT(memcmp(got, data, 5000) == 0);
    EXPECT_ERRNO(sendfile(rd, file, &offset, 1), EBADF);
    EXPECT_ERRNO(sendfile(out, -1, &offset, 1), EBADF);
    EXPECT_ERRNO(sendfile(-1, file, &offset, 1), EBADF);
    EXPECT_ERRNO(sendfile(out, file, abi_bad_pointer(), 1), EFAULT);
    offset = -1;
    EXPECT_ERRNO(sendfile(out, file, &offset, 1), EINVAL);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    offset = 0;
    EXPECT_ERRNO(sendfile(out, fds[0], &offset, 1), ESPIPE);
}

int main(void)
{
    uint32_t seed = 1;
    int file;
    int i;

    abi_dir();
    for (i = 0; i < SIZE; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (unsigned char)(seed >> 24);
    }
    file = open("f", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(write(file, data, SIZE), SIZE);
    whole_file_to_a_socket(file);
    offsets(file);
    a_full_receiver_takes_no_more(file);
    file_to_file_and_errors(file);
    return abi_done();
}
