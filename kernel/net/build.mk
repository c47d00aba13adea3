# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/net/checksum.c kernel/net/netbuf.c
