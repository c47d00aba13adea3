# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/image/deps.c ops/image/ext4.c ops/image/facts.c ops/image/fat.c ops/image/gpt.c ops/image/hints.c ops/image/image.c \
             ops/image/kernel.c ops/image/ldcache.c ops/image/ldconf.c ops/image/mounts.c \
             ops/image/object.c ops/image/pyc.c ops/image/root.c ops/image/rules.c ops/image/rules_add.c \
             ops/image/rules_table.c ops/image/search.c ops/image/script.c ops/image/sysroot.c \
             ops/image/tree.c ops/image/tree_dir.c
unit-host-y += ops/image/facts_test.c ops/image/gpt_test.c ops/image/ldcache_test.c ops/image/mounts_test.c \
               ops/image/sysroot_test.c ops/image/tree_test.c
