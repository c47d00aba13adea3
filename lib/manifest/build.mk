# SPDX-License-Identifier: Apache-2.0
manifest-y  := lib/manifest/manifest.c lib/manifest/emit.c lib/manifest/keys.c lib/manifest/mounts.c
kernel-y    += lib/manifest/manifest.c lib/manifest/keys.c lib/manifest/mounts.c
ops-y       += $(manifest-y)
unit-host-y += $(manifest-y) lib/manifest/manifest_test.c
