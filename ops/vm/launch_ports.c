/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of this machine that a launch forwards. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/vm/launch.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char *ports_add(char *text, const struct ports *ports, const char *protocol)
{
    for (size_t i = 0; i < ports->count; i++) {
        char *longer = xasprintf("%s%s%u->%u/%s", text, *text == '\0' ? "" : ", ",
                                 ports->items[i].host, ports->items[i].guest, protocol);

        free(text);
        text = longer;
    }
    return text;
}

char *launch_ports_text(const struct launch *launch)
{
    return ports_add(ports_add(xstrdup(""), &launch->ports, "tcp"), &launch->udp_ports, "udp");
}

/* `option` is the one that gives another port; `has_guest`: as in HOST:GUEST. */
static int port_check(uint16_t port, int type, const char *option, bool has_guest, struct err *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    const char *protocol = type == SOCK_DGRAM ? "UDP port" : "port";
    unsigned other = port < 65535 ? port + 1u : 1024u;
    char guest[8] = "";
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    int yes = 1;
    int status = 0;

    if (fd < 0)
        return err_set_errno(err, "cannot make a socket");
    if (type == SOCK_STREAM)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == EADDRINUSE) {
            if (has_guest)
                snprintf(guest, sizeof(guest), ":%u", port);
            status = err_set(err,
                             "%s %u of this machine is in use\nhint: give another one, as in "
                             "%s %u%s",
                             protocol, port, option, other, guest);
        } else {
            status = err_set_errno(err, "cannot use %s %u of this machine", protocol, port);
        }
    }
    close(fd);
    return status;
}

static int device_check(const struct launch *launch, struct err *err)
{
    if (launch->tap && if_nametoindex(launch->tap) == 0) {
        return err_set(
            err,
            "there is no network device '%s'\nhint: as root, `ip tuntap add %s mode tap` "
            "makes one",
            launch->tap, launch->tap);
    }
    if (launch->bridge && if_nametoindex(launch->bridge) == 0) {
        return err_set(err,
                       "there is no bridge '%s'\nhint: as root, `ip link add %s type bridge` makes "
                       "one",
                       launch->bridge, launch->bridge);
    }
    return 0;
}

int launch_network_check(const struct launch *launch, struct err *err)
{
    if (launch->gdb_port > 0 &&
        port_check(launch->gdb_port, SOCK_STREAM, "--gdbport", false, err) < 0)
        return err_prefix(err, "--gdbport");
    if (launch->tap || launch->bridge)
        return device_check(launch, err);
    for (size_t i = 0; i < launch->ports.count; i++) {
        if (port_check(launch->ports.items[i].host, SOCK_STREAM, "-p", true, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < launch->udp_ports.count; i++) {
        if (port_check(launch->udp_ports.items[i].host, SOCK_DGRAM, "--udp", true, err) < 0)
            return -1;
    }
    return 0;
}

/* A port that is free now. Somebody else may take it before QEMU does, which then says so. */
static int port_choose(uint16_t *port, int type, struct err *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    int status = 0;

    if (fd < 0)
        return err_set_errno(err, "cannot make a socket");
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
        status = err_set_errno(err, "cannot find a free port");
    } else {
        *port = ntohs(address.sin_port);
    }
    close(fd);
    return status;
}

static int ports_choose(struct ports *ports, int type, struct err *err)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->items[i].host == 0 && port_choose(&ports->items[i].host, type, err) < 0)
            return -1;
    }
    return 0;
}

int launch_ports_choose(struct launch *launch, struct err *err)
{
    if (ports_choose(&launch->ports, SOCK_STREAM, err) < 0)
        return -1;
    return ports_choose(&launch->udp_ports, SOCK_DGRAM, err);
}
