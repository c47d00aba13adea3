/* SPDX-License-Identifier: Apache-2.0 */
/* Unix stream sockets by name: files, abstract names, credentials, refusal, end of stream. */
#include "test/abi/abi_net.h"

#include <signal.h>
#include <sys/un.h>

static struct sockaddr_un named(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    return addr;
}

static int connect_to(int fd, const char *path)
{
    struct sockaddr_un addr = named(path);

    return connect(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static int stream(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static void a_server(int listener)
{
    struct sockaddr_un addr = { 0 };
    struct ucred cred = { 0 };
    socklen_t len = sizeof(addr);
    struct stat st;
    int client = stream();
    int server;
    char buf[16];

    EXPECT(stat("sock", &st) == 0 && S_ISSOCK(st.st_mode));
    EXPECT_EQ(connect_to(client, "sock"), 0);
    server = accept(listener, (struct sockaddr *)&addr, &len);
    EXPECT(server >= 0 && len == sizeof(sa_family_t));
    len = sizeof(addr);
    EXPECT_EQ(getsockname(server, (struct sockaddr *)&addr, &len), 0);
    EXPECT(addr.sun_family == AF_UNIX && strcmp(addr.sun_path, "sock") == 0);
    EXPECT_EQ(len, offsetof(struct sockaddr_un, sun_path) + 5);
    EXPECT_EQ(getpeername(client, (struct sockaddr *)&addr, &len), 0);
    EXPECT(strcmp(addr.sun_path, "sock") == 0);
    len = sizeof(cred);
    EXPECT_EQ(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
    EXPECT(cred.pid == getpid() && cred.uid == getuid() && cred.gid == getgid());

    EXPECT_EQ(write(client, "ping", 4), 4);
    EXPECT_EQ(read(server, buf, sizeof(buf)), 4);
    EXPECT_EQ(shutdown(client, SHUT_WR), 0);
    EXPECT_EQ(read(server, buf, sizeof(buf)), 0);
    EXPECT_EQ(write(server, "pong", 4), 4);
    EXPECT_EQ(close(server), 0);
    EXPECT_EQ(read(client, buf, sizeof(buf)), 4);
    EXPECT_EQ(read(client, buf, sizeof(buf)), 0);
    EXPECT_ERRNO(write(client, "x", 1), EPIPE);
    close(client);
}

/* Closing with data unread resets, as with TCP. */
static void reset(int listener)
{
    int client = stream();
    int server;
    char c;

    EXPECT_EQ(connect_to(client, "sock"), 0);
    server = accept(listener, NULL, NULL);
    EXPECT_EQ(write(client, "unread", 6), 6);
    EXPECT_EQ(close(server), 0);
    EXPECT_ERRNO(read(client, &c, 1), ECONNRESET);
    EXPECT_EQ(read(client, &c, 1), 0);
    close(client);
}

static void abstract_names(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    struct sockaddr_un got = { 0 };
    socklen_t len = offsetof(struct sockaddr_un, sun_path) + 10;
    socklen_t got_len = sizeof(got);
    int listener = stream();
    int client = stream();
    int second = stream();

    snprintf(addr.sun_path + 1, 32, "abi%06d", getpid() % 1000000);
    EXPECT_EQ(bind(listener, (struct sockaddr *)&addr, len), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_ERRNO(bind(second, (struct sockaddr *)&addr, len), EADDRINUSE);
    EXPECT_EQ(connect(client, (struct sockaddr *)&addr, len), 0);
    EXPECT_EQ(getsockname(listener, (struct sockaddr *)&got, &got_len), 0);
    EXPECT(got_len == len && memcmp(&got, &addr, len) == 0);

    /* The length is part of the name. */
    EXPECT_ERRNO(connect(second, (struct sockaddr *)&addr, len - 1), ECONNREFUSED);
    EXPECT_EQ(close(listener), 0);
    EXPECT_ERRNO(connect(second, (struct sockaddr *)&addr, len), ECONNREFUSED);

    /* Without a path the kernel finds an abstract name. */
    EXPECT_EQ(bind(second, (struct sockaddr *)&addr, sizeof(sa_family_t)), 0);
    got_len = sizeof(got);
    EXPECT_EQ(getsockname(second, (struct sockaddr *)&got, &got_len), 0);
    EXPECT(got_len == sizeof(sa_family_t) + 6 && got.sun_path[0] == '\0');
    close(client);
    close(second);
}

static void refusals(int listener)
{
    struct sockaddr_un addr = named("sock");
    int fd = stream();

    EXPECT_ERRNO(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), EADDRINUSE);
    EXPECT_ERRNO(connect_to(fd, "absent"), ENOENT);
    abi_put("file", "x");
    EXPECT_ERRNO(connect_to(fd, "file"), ECONNREFUSED);
    EXPECT_ERRNO(open("sock", O_RDWR), ENXIO);
    EXPECT_ERRNO(accept(fd, NULL, NULL), EINVAL);
    EXPECT_ERRNO(write(fd, "x", 1), ENOTCONN);
    addr = named("absent/sock");
    EXPECT_ERRNO(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ENOENT);
    EXPECT_ERRNO(bind(fd, (struct sockaddr *)&addr, 1000), EINVAL);

    /* The listener is gone, its file is not. */
    EXPECT_EQ(close(listener), 0);
    EXPECT_ERRNO(connect_to(fd, "sock"), ECONNREFUSED);
    EXPECT_EQ(unlink("sock"), 0);
    EXPECT_ERRNO(connect_to(fd, "sock"), ENOENT);
    close(fd);
}

int main(void)
{
    struct sockaddr_un addr = named("sock");
    int listener = stream();

    signal(SIGPIPE, SIG_IGN);
    abi_dir();
    EXPECT_EQ(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    EXPECT_EQ(listen(listener, 5), 0);
    EXPECT_EQ(net_get(listener, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(net_get(listener, SOL_SOCKET, SO_DOMAIN), AF_UNIX);
    a_server(listener);
    reset(listener);
    abstract_names();
    refusals(listener);
    return abi_done();
}
