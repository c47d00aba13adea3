# SPDX-License-Identifier: Apache-2.0
kernel-y        += kernel/block/block.c kernel/block/gpt.c
