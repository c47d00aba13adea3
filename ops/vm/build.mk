# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/vm/accel.c ops/vm/qemu.c ops/vm/report.c ops/vm/vm.c
unit-host-y += ops/vm/qemu_test.c ops/vm/report_test.c
