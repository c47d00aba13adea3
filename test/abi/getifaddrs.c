/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces: getifaddrs(3) over netlink, if_nameindex(3), and the requests behind them. */
#include "test/abi/abi_net.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

static void addresses(void)
{
    struct ifaddrs *list = NULL;
    const struct ifaddrs *item;
    bool loopback = false;

    EXPECT_EQ(getifaddrs(&list), 0);
    for (item = list; item; item = item->ifa_next) {
        struct sockaddr_in addr;
        struct sockaddr_in mask;

        EXPECT(item->ifa_name[0] != '\0');
        if (!item->ifa_addr || item->ifa_addr->sa_family != AF_INET)
            continue;
        memcpy(&addr, item->ifa_addr, sizeof(addr));
        if (strcmp(item->ifa_name, "lo") == 0 && addr.sin_addr.s_addr == htonl(INADDR_LOOPBACK)) {
            loopback = true;
            EXPECT_EQ(item->ifa_flags & (IFF_UP | IFF_LOOPBACK), IFF_UP | IFF_LOOPBACK);
            memcpy(&mask, item->ifa_netmask, sizeof(mask));
            EXPECT_EQ(mask.sin_addr.s_addr, htonl(0xff000000));
        }
    }
    EXPECT(loopback);
    freeifaddrs(list);
}

static void names(void)
{
    struct if_nameindex *list = if_nameindex();
    char name[IF_NAMESIZE];
    size_t i;
    bool loopback = false;

    EXPECT(list);
    for (i = 0; list && list[i].if_index != 0; i++) {
        EXPECT_EQ(if_nametoindex(list[i].if_name), list[i].if_index);
        EXPECT(if_indextoname(list[i].if_index, name) && strcmp(name, list[i].if_name) == 0);
        loopback = loopback || strcmp(list[i].if_name, "lo") == 0;
    }
    EXPECT(loopback);
    if_freenameindex(list);
    EXPECT_EQ(if_nametoindex("absent0"), 0);
}

/* A dump as the Go runtime asks for it: every message well-formed, and an end. */
static void dump(int type)
{
    static _Alignas(8) char buf[32768];
    struct {
        struct nlmsghdr header;
        struct rtgenmsg body;
    } request = { .header = { .nlmsg_len = sizeof(request),
                              .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                              .nlmsg_seq = 7 } };
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool done = false;
    int messages = 0;

    EXPECT(fd >= 0);
    request.header.nlmsg_type = (uint16_t)type;
    EXPECT_EQ(bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)), 0);
    EXPECT_EQ(sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&kernel, sizeof(kernel)),
              sizeof(request));
    while (!done) {
        ssize_t got = recv(fd, buf, sizeof(buf), 0);
        const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)buf;

        EXPECT(got > 0);
        if (got <= 0)
            break;
        for (; NLMSG_OK(header, (size_t)got); header = NLMSG_NEXT(header, got)) {
            EXPECT_EQ(header->nlmsg_seq, 7);
            EXPECT(header->nlmsg_type != NLMSG_ERROR);
            done = header->nlmsg_type == NLMSG_DONE;
            messages++;
        }
    }
    EXPECT(done && messages >= 2);
    close(fd);
}

int main(void)
{
    addresses();
    names();
    dump(RTM_GETLINK);
    dump(RTM_GETADDR);
    EXPECT_ERRNO(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), ESOCKTNOSUPPORT);
    EXPECT_ERRNO(socket(AF_NETLINK, SOCK_RAW, 31), EPROTONOSUPPORT);
    return abi_done();
}
