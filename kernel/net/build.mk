# SPDX-License-Identifier: Apache-2.0

# The stack without TCP: what unit tests of TCP stand on, too.
net-y := kernel/net/arp.c kernel/net/arp_wire.c kernel/net/checksum.c kernel/net/counters.c \
         kernel/net/dhcp.c kernel/net/dhcp_wire.c kernel/net/ethernet.c kernel/net/gso.c \
         kernel/net/icmp.c kernel/net/ipv4.c kernel/net/ipv4_wire.c kernel/net/loopback.c \
         kernel/net/net.c kernel/net/netbuf.c kernel/net/netdev.c kernel/net/reassembly.c \
         kernel/net/rest.c kernel/net/route.c kernel/net/timer_wheel.c kernel/net/udp.c kernel/net/udp_table.c \
         kernel/net/udp_wire.c

# The simulated wire, for sets that have all of $(net-y), TCP and $(fake-kernel-y).
net-sim-y := test/net/sim.c

kernel-y += $(net-y)

unit-sets += net
unit-net-y += $(net-y) kernel/net/checksum_test.c kernel/net/netbuf_test.c \
              kernel/net/timer_wheel_test.c kernel/net/arp_test.c kernel/net/gso_test.c \
              kernel/net/ipv4_test.c kernel/net/udp_test.c kernel/net/dhcp_test.c \
              test/unit/fake_device.c test/unit/fake_tcp.c $(fake-kernel-y) \
              lib/hash/siphash.c
