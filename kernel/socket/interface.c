/* SPDX-License-Identifier: Apache-2.0 */
/* The old ioctls that tell of network devices (netdevice(7)). Changing them is not for programs. */
#include "kernel/socket/interface.h"
#include "abi/linux/errors.h"
#include "abi/linux/socket.h"
#include "kernel/mm/uaccess.h"
#include "kernel/net/netdev.h"
#include "kernel/net/route.h"
#include "kernel/socket/socket.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

u32 interface_flags(const struct netdev *dev)
{
    u32 flags = dev->up ? IFF_UP | IFF_RUNNING | IFF_LOWER_UP : 0;

    if (dev->features & NETDEV_LOOPBACK)
        return flags | IFF_LOOPBACK;
    return flags | IFF_BROADCAST | IFF_MULTICAST;
}

bool interface_address(const struct netdev *dev, struct ipv4_address *address)
{
    for (u32 i = 0; address_at(i, address); i++) {
        if (address->netdev == dev)
            return true;
    }
    return false;
}

static void put_address(struct abi_ifreq *request, u32 ip)
{
    mem_zero(request->bytes, sizeof(request->bytes));
    request->address.family = AF_INET;
    request->address.address = be32_make(ip);
}

static int address_request(u32 command, const struct netdev *dev, struct abi_ifreq *request)
{
    struct ipv4_address address;
    u32 mask;

    if (!interface_address(dev, &address))
        return -EADDRNOTAVAIL;
    mask = prefix_mask(address.prefix_len);
    if (command == SIOCGIFNETMASK) {
        put_address(request, mask);
    } else if (command == SIOCGIFBRDADDR) {
        put_address(request, dev->features & NETDEV_LOOPBACK ? 0 : address.ip | ~mask);
    } else {
        put_address(request, address.ip);
    }
    return 0;
}

static int fill_request(u32 command, const struct netdev *dev, struct abi_ifreq *request)
{
    switch (command) {
    case SIOCGIFFLAGS:
        request->flags = (u16)interface_flags(dev);
        return 0;
    case SIOCGIFMTU:
        request->number = (s32)dev->mtu;
        return 0;
    case SIOCGIFINDEX:
        request->number = (s32)dev->index;
        return 0;
    case SIOCGIFMETRIC:
        request->number = 0;
        return 0;
    case SIOCGIFTXQLEN:
        request->number = 1000;
        return 0;
    case SIOCGIFHWADDR:
        mem_zero(request->bytes, sizeof(request->bytes));
        request->hardware.family = dev->features & NETDEV_LOOPBACK ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
        mem_copy(request->hardware.mac, dev->mac, MAC_SIZE);
        return 0;
    default:
        return address_request(command, dev, request);
    }
}

static long list_interfaces(uaddr_t arg)
{
    struct abi_ifconf list;
    struct ipv4_address address;
    s32 used = 0;
    int err = copy_in(&list, arg, sizeof(list));

    for (u32 i = 0; err == 0 && address_at(i, &address); i++) {
        struct abi_ifreq request;

        if (list.buffer != 0 && list.len - used < (s32)sizeof(request))
            break;
        mem_zero(&request, sizeof(request));
        str_copy(request.name, sizeof(request.name), address.netdev->name);
        put_address(&request, address.ip);
        if (list.buffer != 0)
            err = copy_out(list.buffer + (u64)used, &request, sizeof(request));
        used += (s32)sizeof(request);
    }
    if (err < 0)
        return err;
    list.len = used;
    return copy_out(arg, &list, sizeof(list));
}

static long request_by_index(uaddr_t arg)
{
    const struct netdev *dev;
    struct abi_ifreq request;

    if (copy_in(&request, arg, sizeof(request)) < 0)
        return -EFAULT;
    dev = request.number > 0 ? netdev_at((u32)request.number) : NULL;
    if (!dev)
        return -ENODEV;
    str_copy(request.name, sizeof(request.name), dev->name);
    return copy_out(arg, &request, sizeof(request));
}

long socket_interface_ioctl(u32 command, uaddr_t arg)
{
    const struct netdev *dev;
    struct abi_ifreq request;
    int err;

    switch (command) {
    case SIOCGIFCONF:
        return list_interfaces(arg);
    case SIOCGIFNAME:
        return request_by_index(arg);
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFMETRIC:
    case SIOCGIFMTU:
    case SIOCGIFHWADDR:
    case SIOCGIFINDEX:
    case SIOCGIFTXQLEN:
        break;
    default:
        return -ENOTTY;
    }
    if (copy_in(&request, arg, sizeof(request)) < 0)
        return -EFAULT;
    request.name[sizeof(request.name) - 1] = '\0';
    dev = netdev_find(request.name);
    if (!dev)
        return -ENODEV;
    err = fill_request(command, dev, &request);
    return err < 0 ? err : copy_out(arg, &request, sizeof(request));
}
