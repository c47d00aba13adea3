# SPDX-License-Identifier: Apache-2.0
p9-c := kernel/fs/9p/client.c kernel/fs/9p/file.c kernel/fs/9p/mount.c kernel/fs/9p/wire.c

kernel-y += $(p9-c)

unit-sets += p9
unit-p9-y += $(p9-c) kernel/fs/9p/p9_test.c kernel/share/share.c \
             $(filter-out kernel/fs/fs.c,$(fs-c)) $(fake-kernel-y) \
             $(devfs-c) $(tmpfs-c) test/unit/fake_mmu.c \
             kernel/file/console.c kernel/file/epoll.c kernel/file/eventfd.c \
             kernel/file/fdtable.c kernel/file/file.c kernel/file/pipe.c lib/hash/siphash.c
