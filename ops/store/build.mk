# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/store/build.c ops/store/cache.c ops/store/client.c ops/store/key.c \
             ops/store/learn.c ops/store/manifest.c ops/store/mount.c
unit-host-y += ops/store/cache_test.c ops/store/mount_test.c
