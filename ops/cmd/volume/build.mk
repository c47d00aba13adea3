# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/cmd/volume/change.c ops/cmd/volume/create.c ops/cmd/volume/list.c \
             ops/cmd/volume/look.c ops/cmd/volume/volume.c
