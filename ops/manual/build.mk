# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/manual/manual.c
