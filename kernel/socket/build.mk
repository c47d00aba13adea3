# SPDX-License-Identifier: Apache-2.0
socket-y := kernel/socket/inet.c kernel/socket/inet_dgram.c kernel/socket/inet_stream.c \
            kernel/socket/interface.c kernel/socket/netlink.c kernel/socket/options.c \
            kernel/socket/proc_net.c kernel/socket/proc_sys_net.c \
            kernel/socket/socket.c kernel/socket/unix.c kernel/socket/unix_address.c \
            kernel/socket/unix_io.c

kernel-y += $(socket-y)

# The sockets over the real stack, through their system calls.
unit-sets += socket
unit-socket-y += $(socket-y) $(net-y) $(tcp-c) $(fake-kernel-y) lib/hash/siphash.c \
                 kernel/file/epoll.c kernel/file/fdtable.c kernel/file/file.c kernel/sys/socket.c \
                 kernel/sys/socket_message.c kernel/sys/socket_test.c \
                 kernel/sys/socket_life_test.c test/unit/fake_paths.c
