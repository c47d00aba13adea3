# SPDX-License-Identifier: Apache-2.0
fs-c := kernel/fs/directory.c kernel/fs/flock.c kernel/fs/fs.c kernel/fs/inode.c \
        kernel/fs/inode_cache.c kernel/fs/mount.c kernel/fs/page_cache.c kernel/fs/page_evict.c \
        kernel/fs/page_index.c kernel/fs/path.c kernel/fs/path_change.c \
        kernel/fs/path_node.c kernel/fs/path_open.c kernel/fs/regular.c kernel/fs/sendfile.c

kernel-y += $(fs-c)
kernel-y += kernel/fs/memory_file.c

unit-sets += fs
unit-fs-y += $(fs-c) $(fake-kernel-y) kernel/fs/fs_test.c kernel/fs/inode_cache_test.c \
             kernel/fs/page_cache_test.c kernel/fs/path_test.c test/unit/fake_mmu.c \
             kernel/file/console.c kernel/file/epoll.c kernel/file/eventfd.c \
             kernel/file/fdtable.c kernel/file/file.c kernel/file/pipe.c lib/hash/siphash.c
