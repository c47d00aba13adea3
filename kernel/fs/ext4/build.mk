# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/fs/ext4/dir.c kernel/fs/ext4/ext4.c kernel/fs/ext4/file.c
