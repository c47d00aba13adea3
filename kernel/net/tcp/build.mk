# SPDX-License-Identifier: Apache-2.0
tcp-c := kernel/net/tcp/ack.c kernel/net/tcp/api.c kernel/net/tcp/connection.c \
         kernel/net/tcp/cookie.c kernel/net/tcp/icmp.c kernel/net/tcp/input.c \
         kernel/net/tcp/options.c kernel/net/tcp/output.c kernel/net/tcp/ports.c \
         kernel/net/tcp/queue.c kernel/net/tcp/reassembly.c kernel/net/tcp/receive.c \
         kernel/net/tcp/request.c kernel/net/tcp/sack.c kernel/net/tcp/segment.c \
         kernel/net/tcp/send.c kernel/net/tcp/table.c kernel/net/tcp/timer.c \
         kernel/net/tcp/timewait.c kernel/net/tcp/wire.c
kernel-y += $(tcp-c)

unit-sets += tcp
unit-tcp-y += $(tcp-c) $(net-y) $(net-sim-y) $(fake-kernel-y) lib/hash/siphash.c \
              kernel/net/tcp/wire_test.c test/net/peer.c test/net/tcp_load_test.c \
              test/net/tcp_recovery_test.c test/net/tcp_shape_test.c test/net/tcp_sim_test.c \
              test/net/tcp_state_test.c
