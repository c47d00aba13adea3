# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/net/checksum.c kernel/net/netbuf.c kernel/net/timer_wheel.c

unit-sets += net
unit-net-y += kernel/net/checksum.c kernel/net/checksum_test.c kernel/net/netbuf.c \
              kernel/net/netbuf_test.c kernel/net/timer_wheel.c kernel/net/timer_wheel_test.c \
              $(fake-kernel-y)
