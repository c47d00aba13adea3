# SPDX-License-Identifier: Apache-2.0
#
# All the fakes, with the real modules that stand on them alone. Expanded late, so any build.mk may
# say `unit-net-y += $(fake-kernel-y)`, or $(filter-out ...) of it.
fake-kernel-y := test/unit/fake_kernel.c test/unit/fake_lock.c test/unit/fake_memory.c \
                 test/unit/fake_time.c test/unit/fake_sched.c test/unit/fake_user.c \
                 kernel/core/wait.c kernel/mm/iter.c lib/base/text.c lib/base/format.c lib/base/tree.c
