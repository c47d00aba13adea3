# SPDX-License-Identifier: Apache-2.0
ext4-format-y := kernel/fs/ext4/format/buffer.c kernel/fs/ext4/format/contents.c \
                 kernel/fs/ext4/format/dir.c kernel/fs/ext4/format/extent.c \
                 kernel/fs/ext4/format/htree.c kernel/fs/ext4/format/indirect.c \
                 kernel/fs/ext4/format/inline.c kernel/fs/ext4/format/inode.c \
                 kernel/fs/ext4/format/name_hash.c kernel/fs/ext4/format/super.c
kernel-y      += $(ext4-format-y)
