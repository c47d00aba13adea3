# SPDX-License-Identifier: Apache-2.0
sys-file-c := kernel/sys/attributes.c kernel/sys/event.c kernel/sys/fd.c kernel/sys/file_io.c \
              kernel/sys/path.c kernel/sys/poll.c kernel/sys/rw.c kernel/sys/stat.c \
              kernel/sys/timeout.c

kernel-y += $(sys-file-c)
