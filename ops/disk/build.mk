# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/disk/content.c ops/disk/copy_in.c ops/disk/copy_out.c ops/disk/disk.c \
             ops/disk/lookup.c ops/disk/make.c ops/disk/resize.c ops/disk/sparse.c ops/disk/walk.c
unit-host-y += ops/disk/disk_test.c
