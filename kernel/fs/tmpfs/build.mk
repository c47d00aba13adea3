# SPDX-License-Identifier: Apache-2.0
tmpfs-c := kernel/fs/tmpfs/tmpfs.c kernel/fs/tmpfs/tmpfs_dir.c

kernel-y += $(tmpfs-c)

unit-fs-y += $(tmpfs-c) kernel/fs/tmpfs/tmpfs_model_test.c
