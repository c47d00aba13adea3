# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/vm/accel.c ops/vm/console.c ops/vm/control.c ops/vm/detach.c ops/vm/gdb.c ops/vm/launch.c \
             ops/vm/launch_json.c ops/vm/launch_ports.c ops/vm/qemu.c ops/vm/qmp.c ops/vm/report.c \
             ops/vm/vm.c ops/vm/watch.c
unit-host-y += ops/vm/control_test.c ops/vm/detach_test.c ops/vm/launch_test.c ops/vm/qemu_test.c \
               ops/vm/qmp_test.c ops/vm/report_test.c ops/vm/vm_test.c ops/vm/watch_test.c
