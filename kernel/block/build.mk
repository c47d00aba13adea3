# SPDX-License-Identifier: Apache-2.0
kernel-y     += kernel/block/block.c kernel/block/gpt.c
unit-sets    += block
unit-block-y += $(fake-kernel-y) lib/hash/crc.c
unit-block-y += kernel/block/block.c kernel/block/block_test.c
unit-block-y += kernel/block/gpt.c kernel/block/gpt_test.c
