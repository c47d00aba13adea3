# SPDX-License-Identifier: Apache-2.0
file-c := kernel/file/console.c kernel/file/epoll.c kernel/file/eventfd.c kernel/file/fdtable.c \
          kernel/file/file.c kernel/file/pipe.c kernel/file/poll.c kernel/file/timerfd.c

kernel-y += $(file-c)
