# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/deploy/deploy.c ops/deploy/health.c
