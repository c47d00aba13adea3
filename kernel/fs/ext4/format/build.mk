# SPDX-License-Identifier: Apache-2.0
ext4-format-y := $(addprefix kernel/fs/ext4/format/, buffer.c contents.c dir.c extent.c htree.c \
                 indirect.c inline.c inode.c name_hash.c super.c)
kernel-y      += $(ext4-format-y)
