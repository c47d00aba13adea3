/* SPDX-License-Identifier: Apache-2.0 */
/* ioctl(2): what servers ask of any descriptor, and what files, pipes and sockets refuse. */
#include "test/abi/abi.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

static void flags(int fd)
{
    int on = 1;
    int off = 0;

    EXPECT_EQ(ioctl(fd, FIONBIO, &on), 0);
    EXPECT(fcntl(fd, F_GETFL) & O_NONBLOCK);
    EXPECT_EQ(ioctl(fd, FIONBIO, &off), 0);
    EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(ioctl(fd, FIOCLEX), 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(ioctl(fd, FIONCLEX), 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), 0);
    EXPECT_ERRNO(ioctl(fd, FIONBIO, abi_bad_pointer()), EFAULT);
}

static void terminals(int fd)
{
    struct winsize size;
    struct termios termios;

    EXPECT_ERRNO(ioctl(fd, TIOCGWINSZ, &size), ENOTTY);
    EXPECT_ERRNO(tcgetattr(fd, &termios), ENOTTY);
    EXPECT_EQ(isatty(fd), 0);
    EXPECT_ERRNO(ioctl(fd, 0x12345678, &size), ENOTTY);
}

static void unread(void)
{
    int fds[2];
    int count = -1;
    int file;

    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    EXPECT_EQ(ioctl(fds[0], FIONREAD, &count), 0);
    EXPECT_EQ(count, 0);
    EXPECT_EQ(write(fds[1], "12345", 5), 5);
    EXPECT_EQ(ioctl(fds[0], FIONREAD, &count), 0);
    EXPECT_EQ(count, 5);
    EXPECT_ERRNO(ioctl(fds[0], FIONREAD, abi_bad_pointer()), EFAULT);
    abi_put("f", "1234567");
    file = open("f", O_RDONLY);
    EXPECT_EQ(lseek(file, 3, SEEK_SET), 3);
    EXPECT_EQ(ioctl(file, FIONREAD, &count), 0);
    EXPECT_EQ(count, 4);
    flags(file);
    terminals(file);
    flags(fds[0]);
    close(file);
    close(fds[0]);
    close(fds[1]);
}

static void interfaces(void)
{
    struct ifreq req = { .ifr_name = "lo" };
    struct sockaddr_in addr;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    EXPECT_EQ(ioctl(fd, SIOCGIFADDR, &req), 0);
    memcpy(&addr, &req.ifr_addr, sizeof(addr));
    EXPECT_EQ(addr.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    EXPECT_EQ(ioctl(fd, SIOCGIFFLAGS, &req), 0);
    EXPECT_EQ(req.ifr_flags & (IFF_UP | IFF_LOOPBACK), IFF_UP | IFF_LOOPBACK);
    EXPECT_EQ(ioctl(fd, SIOCGIFMTU, &req), 0);
    EXPECT(req.ifr_mtu >= 1500);
    EXPECT_EQ(ioctl(fd, SIOCGIFINDEX, &req), 0);
    EXPECT_EQ(req.ifr_ifindex, if_nametoindex("lo"));
    snprintf(req.ifr_name, sizeof(req.ifr_name), "absent0");
    EXPECT_ERRNO(ioctl(fd, SIOCGIFADDR, &req), ENODEV);
    close(fd);
}

int main(void)
{
    int fds[2];

    abi_dir();
    EXPECT_EQ(pipe(fds), 0);
    flags(fds[0]);
    terminals(fds[0]);
    unread();
    interfaces();
    EXPECT_ERRNO(ioctl(-1, FIONREAD, fds), EBADF);
    return abi_done();
}
