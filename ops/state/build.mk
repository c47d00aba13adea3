# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/state/own.c ops/state/state.c
unit-host-y += ops/state/state_test.c
