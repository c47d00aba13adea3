# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/cmd/pkg/add.c ops/cmd/pkg/contents.c ops/cmd/pkg/delete.c \
             ops/cmd/pkg/describe.c ops/cmd/pkg/from_deb.c ops/cmd/pkg/from_docker.c \
             ops/cmd/pkg/from_oci.c ops/cmd/pkg/from_run.c ops/cmd/pkg/list.c \
             ops/cmd/pkg/listing.c ops/cmd/pkg/load.c ops/cmd/pkg/make.c ops/cmd/pkg/pkg.c \
             ops/cmd/pkg/search.c
