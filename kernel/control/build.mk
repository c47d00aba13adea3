# SPDX-License-Identifier: Apache-2.0
kernel-y       += kernel/control/control.c kernel/control/metrics.c

unit-sets      += control
unit-control-y += kernel/control/control.c kernel/control/metrics.c kernel/control/control_test.c \
                  $(filter-out test/unit/fake_memory.c,$(fake-kernel-y))
