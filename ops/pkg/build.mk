# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/pkg/draft.c ops/pkg/entry_name.c ops/pkg/made.c ops/pkg/package.c ops/pkg/spot.c \
             ops/pkg/unpack.c
