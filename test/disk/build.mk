# SPDX-License-Identifier: Apache-2.0
unit-sets   += ext4
unit-ext4-y += $(fake-kernel-y) lib/hash/crc.c $(ext4-format-y)
unit-ext4-y += test/disk/ext4_image.c test/disk/ext4_read_test.c
