# SPDX-License-Identifier: Apache-2.0
sys-file-c := kernel/sys/attributes.c kernel/sys/event.c kernel/sys/fd.c kernel/sys/file_io.c \
              kernel/sys/path.c kernel/sys/poll.c kernel/sys/rw.c kernel/sys/stat.c \
              kernel/sys/timeout.c

kernel-y += $(sys-file-c)

sys-task-c := kernel/sys/dispatch.c kernel/sys/memory.c kernel/sys/thread.c kernel/sys/sched.c \
              kernel/sys/signal.c kernel/sys/time.c kernel/sys/timer.c kernel/sys/timespec.c \
              kernel/sys/process.c kernel/sys/prctl.c kernel/sys/system.c

kernel-y += $(sys-task-c)

kernel-y += kernel/sys/socket.c kernel/sys/socket_message.c

unit-sets += sysfile
unit-sysfile-y += $(sys-file-c) kernel/sys/fd_test.c kernel/sys/timespec.c $(fake-kernel-y)
unit-sysfile-y += $(file-c) $(filter-out kernel/fs/fs.c,$(fs-c)) $(tmpfs-c) \
                  kernel/fs/devfs/devices.c lib/hash/siphash.c test/unit/fake_mmu.c

unit-sets += dispatch
unit-dispatch-y += kernel/sys/dispatch.c kernel/sys/dispatch_test.c $(fake-kernel-y)
