# SPDX-License-Identifier: Apache-2.0
ops-y += ops/main.c
