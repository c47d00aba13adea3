# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/cmd/disk/copy.c ops/cmd/disk/delete.c ops/cmd/disk/place.c ops/cmd/disk/show.c
