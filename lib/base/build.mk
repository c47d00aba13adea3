# SPDX-License-Identifier: Apache-2.0
kernel-y    += lib/base/text.c lib/base/format.c lib/base/tree.c

unit-sets   += base
unit-base-y += lib/base/text.c lib/base/format.c lib/base/tree.c lib/base/text_test.c \
               lib/base/tree_test.c lib/hash/crc.c lib/hash/siphash.c lib/hash/hash_test.c
