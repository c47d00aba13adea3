/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints how the network is configured, tries to reach its gateway's address 10.0.2.2, and with the
 * argument `serve` gives one client a line: for network.py.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PORT = 8080,
};

static int prefix_len(const struct sockaddr *mask)
{
    struct sockaddr_in in;

    memcpy(&in, mask, sizeof(in));
    return __builtin_popcount(in.sin_addr.s_addr);
}

static int mtu_of(const char *name)
{
    struct ifreq request = { .ifr_mtu = 0 };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, SIOCGIFMTU, &request) < 0)
        request.ifr_mtu = -1;
    close(fd);
    return request.ifr_mtu;
}

static void show_addresses(void)
{
    struct ifaddrs *list = NULL;
    char text[INET_ADDRSTRLEN];
    struct sockaddr_in in;

    if (getifaddrs(&list) < 0)
        return;
    for (const struct ifaddrs *item = list; item; item = item->ifa_next) {
        if (!item->ifa_addr || item->ifa_addr->sa_family != AF_INET)
            continue;
        memcpy(&in, item->ifa_addr, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text));
        printf("%s %s/%d mtu %d\n", item->ifa_name, text, prefix_len(item->ifa_netmask),
               mtu_of(item->ifa_name));
    }
    freeifaddrs(list);
}

/* Lines of a file, each after its name. */
static void show_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[256];

    if (!file) {
        printf("%s: %s\n", path, strerror(errno));
        return;
    }
    while (fgets(line, sizeof(line), file))
        printf("%s: %s", path, line);
    fclose(file);
}

/* A datagram needs a route, and nobody who answers. */
static void show_route(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, "203.0.113.1", &to.sin_addr);
    printf("route: %s\n", connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0
                              ? strerror(errno)
                              : "there is one");
    close(fd);
}

static int serve(void)
{
    static const char hello[] = "hello from the guest\n";
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd;

    if (listener < 0 || bind(listener, (const struct sockaddr *)&own, sizeof(own)) < 0 ||
        listen(listener, 1) < 0)
        return 1;
    printf("serving\n");
    fflush(stdout);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || write(fd, hello, sizeof(hello) - 1) < 0)
        return 1;
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    show_addresses();
    show_file("/etc/resolv.conf");
    show_route();
    return argc > 1 && strcmp(argv[1], "serve") == 0 ? serve() : 0;
}
