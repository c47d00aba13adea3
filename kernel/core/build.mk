# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/core/memory.c kernel/core/spinlock.c kernel/core/mutex.c kernel/core/rwlock.c \
            kernel/core/log.c kernel/core/clock.c kernel/core/timer.c kernel/core/bottom_half.c \
            kernel/core/wait.c kernel/core/runqueue.c kernel/core/sched.c kernel/core/thread.c \
            kernel/core/chacha20.c kernel/core/entropy.c kernel/core/panic.c

# Its loops are not to become calls of the functions they implement.
$(B)/kernel/kernel/core/memory.o: KERNEL_FLAGS += -fno-tree-loop-distribute-patterns

unit-sets    += wait sched core memory
unit-wait-y  += kernel/core/wait_test.c $(fake-kernel-y)

# The real thing on several CPUs that are interleaved at random.
unit-sched-y += kernel/core/spinlock.c kernel/core/mutex.c kernel/core/rwlock.c \
                kernel/core/clock.c kernel/core/timer.c kernel/core/bottom_half.c \
                kernel/core/wait.c kernel/core/runqueue.c kernel/core/sched.c \
                kernel/core/thread.c kernel/core/sched_test.c lib/base/tree.c lib/base/text.c \
                test/unit/fake_kernel.c test/unit/fake_smp.c

unit-core-y  += kernel/core/chacha20.c kernel/core/entropy.c kernel/core/log.c \
                kernel/core/entropy_test.c kernel/core/log_test.c lib/base/text.c \
                lib/base/format.c test/unit/fake_lock.c test/unit/fake_time.c \
                test/unit/fake_kernel.c test/unit/fake_sched.c lib/base/tree.c

# Under other names: the C library has these four.
$(B)/unit/kernel/core/memory.o: UNIT_FLAGS += -Dmemcpy=kernel_memcpy -Dmemmove=kernel_memmove \
    -Dmemset=kernel_memset -Dmemcmp=kernel_memcmp -fno-builtin -fno-tree-loop-distribute-patterns
unit-memory-y += kernel/core/memory.c kernel/core/memory_test.c
