# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/cmd/image/create.c ops/cmd/image/delete.c ops/cmd/image/env.c \
             ops/cmd/image/image.c ops/cmd/image/list.c ops/cmd/image/look.c \
             ops/cmd/image/resize.c ops/cmd/image/sync.c
