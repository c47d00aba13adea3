# SPDX-License-Identifier: Apache-2.0
kernel-y    += lib/base/mem.c
