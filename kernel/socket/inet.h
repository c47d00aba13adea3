/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* IPv4 addresses as programs pass them. */

#include "abi/linux/socket.h"
#include "kernel/net/tcp.h"
#include "lib/base/types.h"

/* 0; -EINVAL when too short, -EAFNOSUPPORT for another family. */
int inet_address_parse(const struct abi_sockaddr *name, u32 len, struct inet_address *address)
    MUST_USE;
void inet_address_emit(struct inet_address address, struct abi_sockaddr *name, u32 *len);
