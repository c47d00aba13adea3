# SPDX-License-Identifier: Apache-2.0
task-y := kernel/task/task.c kernel/task/exit.c kernel/task/clone.c kernel/task/signal.c \
          kernel/task/signal_mask.c kernel/task/signal_deliver.c kernel/task/trap.c \
          kernel/task/futex.c kernel/task/robust.c kernel/task/initial_stack.c \
          kernel/task/image.c kernel/task/program.c kernel/task/limits.c kernel/task/hostname.c \
          kernel/task/error_text.c kernel/task/fatal.c kernel/task/symbols.c kernel/task/init.c \
          kernel/task/timers.c kernel/task/signalfd.c
kernel-y += $(task-y) kernel/task/proc_task.c kernel/task/proc_status.c

unit-sets += task
unit-task-y += kernel/task/futex.c kernel/task/robust.c kernel/task/futex_test.c \
               kernel/task/signal.c kernel/task/signal_mask.c kernel/task/signal_deliver.c \
               kernel/task/timers.c kernel/task/signal_test.c kernel/task/initial_stack.c \
               kernel/task/initial_stack_test.c test/unit/fake_tasks.c $(fake-kernel-y)
