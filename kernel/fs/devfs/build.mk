# SPDX-License-Identifier: Apache-2.0
devfs-c := kernel/fs/devfs/devfs.c kernel/fs/devfs/devices.c

kernel-y += $(devfs-c)

unit-fs-y += $(devfs-c)
