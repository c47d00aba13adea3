# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/pkg/adopt.c ops/pkg/apt.c ops/pkg/blob.c ops/pkg/deb.c ops/pkg/draft.c \
             ops/pkg/entry.c ops/pkg/entry_name.c ops/pkg/entry_user.c ops/pkg/from.c \
             ops/pkg/from_deb.c ops/pkg/made.c ops/pkg/oci.c ops/pkg/oci_json.c ops/pkg/pack.c \
             ops/pkg/package.c ops/pkg/reach.c ops/pkg/reader.c ops/pkg/spot.c ops/pkg/unpack.c
unit-host-y += ops/pkg/entry_name_test.c ops/pkg/entry_test.c
