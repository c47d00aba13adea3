/* SPDX-License-Identifier: Apache-2.0 */
/* struct sockaddr_in and back. */
#include "kernel/socket/inet.h"

#include "abi/linux/errors.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

int inet_address_parse(const struct abi_sockaddr *name, u32 len, struct inet_address *address)
{
    struct abi_sockaddr_in in;

    if (len < sizeof(in))
        return -EINVAL;
    mem_copy(&in, name, sizeof(in));
    if (in.family != AF_INET)
        return -EAFNOSUPPORT;
    address->ip = be32_get(in.address);
    address->port = be16_get(in.port);
    return 0;
}

void inet_address_emit(struct inet_address address, struct abi_sockaddr *name, u32 *len)
{
    struct abi_sockaddr_in in = { .family = AF_INET,
                                  .port = be16_make(address.port),
                                  .address = be32_make(address.ip) };

    mem_copy(name, &in, sizeof(in));
    *len = sizeof(in);
}
