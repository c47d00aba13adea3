# SPDX-License-Identifier: Apache-2.0
ops-y += ops/main.c ops/options.c ops/cmd_build.c ops/cmd_help.c ops/cmd_run.c ops/cmd_version.c

ops-parts   := ops/config/config.c ops/config/ports.c ops/config/settings.c ops/config/suggest.c \
               ops/image/deps.c ops/image/ext4.c ops/image/fat.c ops/image/gpt.c \
               ops/image/image.c ops/image/kernel.c ops/image/ldcache.c ops/image/ldconf.c \
               ops/image/mounts.c ops/image/root.c \
               ops/image/tree.c \
               ops/vm/accel.c ops/vm/qemu.c ops/vm/report.c ops/vm/vm.c
ops-y       += $(ops-parts)
unit-host-y += $(ops-parts) ops/config/config_test.c ops/config/ports_test.c \
               ops/image/gpt_test.c ops/image/ldcache_test.c ops/image/mounts_test.c \
               ops/image/tree_test.c \
               ops/vm/qemu_test.c ops/vm/report_test.c
