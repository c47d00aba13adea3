# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/provider/local/description.c ops/provider/local/image.c \
             ops/provider/local/instance.c ops/provider/local/item.c ops/provider/local/volume.c \
             ops/provider/local/instance_answers.c ops/provider/local/instance_logs.c \
             ops/provider/local/instance_stats.c ops/provider/local/instance_switch.c \
             ops/provider/local/local.c ops/provider/local/machine.c ops/provider/local/overlay.c
