# SPDX-License-Identifier: Apache-2.0
file-c := kernel/file/console.c kernel/file/epoll.c kernel/file/eventfd.c kernel/file/fdtable.c \
          kernel/file/file.c kernel/file/pipe.c kernel/file/poll.c kernel/file/timerfd.c

kernel-y += $(file-c)

unit-sets   += file
unit-file-y += $(file-c) $(fake-kernel-y)
unit-file-y += kernel/file/epoll_test.c kernel/file/events_test.c kernel/file/fdtable_test.c \
               kernel/file/pipe_test.c
