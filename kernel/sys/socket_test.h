/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the unit tests of sockets share; in socket_test.c. Everything checks by itself. */

#include "abi/linux/socket.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"

extern int signals_sent; /* SIGPIPEs. */

/* The stack, the table of descriptors and a clock that runs while calls sleep. Any number of times.
 */
void sockets_start(void);

/* Nothing of what the test opened, sent or received is left, once five minutes have passed. */
void check_nothing_left(void);

/* A connected pair over the loopback, and what it was accepted from. */
void connect_tcp(int *listener, int *client, int *server, u16 port);

/* A connected pair of unix sockets. */
void make_pair(int type, int *pair);

/* Fills in a unix address; how long it is. */
u32 name_un(struct abi_sockaddr_un *name, const char *path, bool is_abstract);

u32 events_of(int fd);
void close_fd(int fd);
long send_text(int fd, const char *text);
void expect_text(int fd, const char *text);

/* The address of something as the program would pass it. */
static inline uaddr_t at(const void *memory)
{
    return (uaddr_t)(uintptr_t)memory;
}

static inline struct abi_sockaddr_in inet(u32 ip, u16 port)
{
    return (struct abi_sockaddr_in){ .family = AF_INET,
                                     .port = be16_make(port),
                                     .address = be32_make(ip) };
}
