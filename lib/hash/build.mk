# SPDX-License-Identifier: Apache-2.0
kernel-y += lib/hash/crc.c lib/hash/siphash.c
