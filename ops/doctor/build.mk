# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/doctor/checks.c ops/doctor/tool.c
unit-host-y += ops/doctor/tool_test.c
