# SPDX-License-Identifier: Apache-2.0
procfs-c := kernel/fs/procfs/procfs.c kernel/fs/procfs/proc_fd.c kernel/fs/procfs/proc_file.c \
            kernel/fs/procfs/proc_system.c kernel/fs/procfs/sys_system.c

kernel-y += $(procfs-c)

unit-fs-y += $(procfs-c)
