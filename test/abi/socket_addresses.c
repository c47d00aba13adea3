/* SPDX-License-Identifier: Apache-2.0 */
/* bind(2) and listen(2): ports in use, shared ports, any address, backlog, TIME-WAIT. */
#include "test/abi/abi_net.h"

static int bind_to(int fd, in_port_t port)
{
    struct sockaddr_in addr = net_local(port);

    return bind(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static int bind_any(int fd, in_port_t port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = port };

    return bind(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static int tcp(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static void ports_in_use(void)
{
    int listener = net_listener(5);
    int fd = tcp();
    int udp = socket(AF_INET, SOCK_DGRAM, 0);

    EXPECT_ERRNO(bind_to(fd, net_port(listener)), EADDRINUSE);
    EXPECT_ERRNO(bind_any(fd, net_port(listener)), EADDRINUSE);
    EXPECT_EQ(net_set(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
    EXPECT_ERRNO(bind_to(fd, net_port(listener)), EADDRINUSE);
    EXPECT_EQ(bind_to(udp, net_port(listener)), 0);
    EXPECT_EQ(bind_any(fd, 0), 0);
    EXPECT(net_port(fd) != 0);
    EXPECT_ERRNO(bind_any(fd, 0), EINVAL);
    close(listener);
    close(fd);
    close(udp);
}

static void shared_ports(void)
{
    int first = tcp();
    int second = tcp();
    int client;
    struct pollfd items[2];
    int i;
    int accepted = 0;

    EXPECT_EQ(net_set(first, SOL_SOCKET, SO_REUSEPORT, 1), 0);
    EXPECT_EQ(net_set(second, SOL_SOCKET, SO_REUSEPORT, 1), 0);
    EXPECT_EQ(bind_to(first, 0), 0);
    EXPECT_EQ(bind_to(second, net_port(first)), 0);
    EXPECT_EQ(listen(first, 32) | listen(second, 32), 0);
    for (i = 0; i < 16; i++) {
        client = tcp();
        EXPECT_EQ(net_connect(client, net_port(first)), 0);
        items[0] = (struct pollfd){ .fd = first, .events = POLLIN };
        items[1] = (struct pollfd){ .fd = second, .events = POLLIN };
        EXPECT_EQ(poll(items, 2, 10000), 1);
        accepted += close(accept(items[0].revents ? first : second, NULL, NULL)) == 0;
        close(client);
    }
    EXPECT_EQ(accepted, 16);
    close(first);
    close(second);
}

/* A server that restarts takes its port again although old connections linger. */
static void restart(void)
{
    int listener = tcp();
    int client = tcp();
    int server;
    in_port_t port;
    char c;

    EXPECT_EQ(net_set(listener, SOL_SOCKET, SO_REUSEADDR, 1), 0);
    EXPECT_EQ(bind_to(listener, 0), 0);
    EXPECT_EQ(listen(listener, 5), 0);
    port = net_port(listener);
    EXPECT_EQ(net_connect(client, port), 0);
    server = accept(listener, NULL, NULL);
    close(listener);
    close(server);
    EXPECT_EQ(read(client, &c, 1), 0);
    close(client);
    listener = tcp();
    EXPECT_EQ(net_set(listener, SOL_SOCKET, SO_REUSEADDR, 1), 0);
    EXPECT_EQ(bind_to(listener, port), 0);
    EXPECT_EQ(listen(listener, 5), 0);
    close(listener);
}

/* Connections wait in the backlog, with their data, until they are accepted. */
static void backlog(void)
{
    int listener = net_listener(10);
    int clients[8];
    char buf[8];
    int i;

    for (i = 0; i < 8; i++) {
        clients[i] = tcp();
        EXPECT_EQ(net_connect(clients[i], net_port(listener)), 0);
        EXPECT_EQ(write(clients[i], &"01234567"[i], 1), 1);
    }
    close(clients[7]);
    for (i = 0; i < 8; i++) {
        int server = accept(listener, NULL, NULL);

        EXPECT(server >= 0);
        EXPECT_EQ(read(server, buf, sizeof(buf)), 1);
        EXPECT_EQ(buf[0], '0' + i);
        close(server);
    }
    for (i = 0; i < 7; i++)
        close(clients[i]);

    /* What was never accepted is reset when the listener goes. */
    clients[0] = tcp();
    EXPECT_EQ(net_connect(clients[0], net_port(listener)), 0);
    close(listener);
    EXPECT(net_wait(clients[0], POLLIN) != 0);
    EXPECT(read(clients[0], buf, 1) <= 0);
    close(clients[0]);
}

int main(void)
{
    struct sockaddr_in foreign = net_local(0);
    struct sockaddr_in any = { .sin_family = AF_INET };
    int listener = net_listener(5);
    int fd = tcp();

    ports_in_use();
    shared_ports();
    restart();
    backlog();

    /* The wildcard as a destination is this machine. */
    any.sin_port = net_port(listener);
    EXPECT_EQ(connect(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    close(fd);

    /* Any address of 127.0.0.0/8 is ours. */
    fd = tcp();
    foreign.sin_addr.s_addr = htonl(0x7f010203);
    EXPECT_EQ(bind(fd, (struct sockaddr *)&foreign, sizeof(foreign)), 0);
    close(fd);
    fd = tcp();
    foreign.sin_addr.s_addr = htonl(0xc6336401); /* 198.51.100.1, of TEST-NET-2. */
    EXPECT_ERRNO(bind(fd, (struct sockaddr *)&foreign, sizeof(foreign)), EADDRNOTAVAIL);
    EXPECT_ERRNO(bind(fd, (struct sockaddr *)&foreign, 4), EINVAL);
    foreign.sin_family = 77;
    EXPECT_ERRNO(bind(fd, (struct sockaddr *)&foreign, sizeof(foreign)), EAFNOSUPPORT);

    /* Listening without a name gives it one. */
    EXPECT_EQ(listen(fd, 5), 0);
    EXPECT(net_port(fd) != 0);
    return abi_done();
}
