/* SPDX-License-Identifier: Apache-2.0 */
/* The address space: mmap and its relatives. What they mean is in kernel/vm. */
#include "abi/linux/errors.h"
#include "abi/linux/mman.h"
#include "abi/linux/stat.h"
#include "kernel/arch/mmu.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/vm/vm.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    ZERO_DEVICE = 0x105, /* The number of /dev/zero, as on Linux. */
};

/* The flags live in 32 bits; a bit above them is one we do not know. */
static bool fits32(u64 bits)
{
    return bits <= UINT32_MAX;
}

/*
 * Shared memory without a file is a file without a name, as on Linux: it has a size, a mapping of
 * it can be made a second time (mremap), and a futex in it is the same wherever it is mapped.
 */
static int shared_memory(u64 size, struct file **file)
{
    int err = memfd_create("/dev/zero", false, file);

    if (err < 0)
        return err;
    err = (*file)->ops->truncate(*file, align_up(size, PAGE_SIZE));
    if (err < 0)
        file_put(*file);
    return err;
}

static bool is_zero_device(const struct file *file)
{
    return file->inode && (file->inode->mode & S_IFMT) == S_IFCHR &&
           file->inode->device == ZERO_DEVICE;
}

/* Gives `request` its file, with a reference; NULL for private memory, or a size that is wrong. */
static int request_file(struct vm_map_request *request, int fd)
{
    bool shared = (request->flags & MAP_TYPE) != MAP_PRIVATE;

    if ((request->flags & MAP_ANONYMOUS) == 0) {
        request->file = fdtable_get_opened(current_fdtable(), fd);
        if (!request->file)
            return -EBADF;
        if (!shared || !is_zero_device(request->file))
            return 0;
        file_put(request->file);
        request->file = NULL;
    }
    request->off = 0;
    if (!shared || request->size == 0 || request->size > USER_END)
        return 0;
    return shared_memory(request->size, &request->file);
}

long sys_mmap(u64 address, u64 size, u64 protection, u64 flags, int fd, u64 off)
{
    struct vm_map_request request = {
        .address = address,
        .size = size,
        .protection = (u32)protection,
        .flags = (u32)flags,
        .off = off,
    };
    long result;

    if (!fits32(flags) || !is_aligned(off, PAGE_SIZE))
        return -EINVAL;
    result = request_file(&request, fd);
    if (result < 0)
        return result;
    result = vm_map(&request);
    if (request.file)
        file_put(request.file);
    return result;
}

long sys_munmap(u64 address, u64 size)
{
    return vm_unmap(address, size);
}

long sys_mprotect(u64 address, u64 size, u64 protection)
{
    return fits32(protection) ? vm_protect(address, size, (u32)protection) : -EINVAL;
}

long sys_mremap(u64 address, u64 old_size, u64 new_size, u64 flags, u64 new_address)
{
    return fits32(flags) ? vm_remap(address, old_size, new_size, (u32)flags, new_address) : -EINVAL;
}

long sys_madvise(u64 address, u64 size, int advice)
{
    return vm_advise(address, size, advice);
}

long sys_brk(u64 address)
{
    return (long)vm_set_break(address);
}

long sys_msync(u64 address, u64 size, int flags)
{
    return vm_sync(address, size, (u32)flags);
}

long sys_mincore(u64 address, u64 size, uaddr_t vector)
{
    return vm_resident(address, size, vector);
}

long sys_mlock(u64 address, u64 size)
{
    return vm_lock(address, size, true, true);
}

long sys_mlock2(u64 address, u64 size, int flags)
{
    if (flags & ~(int)MLOCK_ONFAULT)
        return -EINVAL;
    return vm_lock(address, size, true, (flags & (int)MLOCK_ONFAULT) == 0);
}

long sys_munlock(u64 address, u64 size)
{
    return vm_lock(address, size, false, false);
}

long sys_mlockall(int flags)
{
    u32 bits = (u32)flags;

    if (bits == 0 || bits & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || bits == MCL_ONFAULT)
        return -EINVAL;
    /* What is mapped comes in as it is touched, and stays: there is nowhere to page it out to. */
    vm_lock_future((bits & MCL_FUTURE) != 0 && (bits & MCL_ONFAULT) == 0);
    return 0;
}

long sys_munlockall(void)
{
    vm_lock_future(false);
    return 0;
}

long sys_mbind(u64 address, u64 size, u64 mode, uaddr_t mask, u64 max, u32 flags)
{
    (void)address;
    (void)size;
    (void)mode;
    (void)mask;
    (void)max;
    (void)flags;
    return 0;
}

long sys_set_mempolicy(int mode, uaddr_t mask, u64 max)
{
    (void)mode;
    (void)mask;
    (void)max;
    return 0;
}

long sys_get_mempolicy(uaddr_t mode, uaddr_t mask, u64 max, u64 address, u64 flags)
{
    u32 policy = 0; /* MPOL_DEFAULT */
    u64 nodes = 1;
    int err = 0;

    (void)address;
    if (flags & ~7ull)
        return -EINVAL;
    if (mode != 0)
        err = copy_out(mode, &policy, sizeof(policy));
    if (err == 0 && mask != 0 && max != 0)
        err = copy_out(mask, &nodes, sizeof(nodes));
    return err;
}

long sys_migrate_pages(int pid, u64 max, uaddr_t from, uaddr_t to)
{
    (void)pid;
    (void)max;
    (void)from;
    (void)to;
    return 0;
}

long sys_pkey_alloc(u64 flags, u64 rights)
{
    (void)rights;
    return flags != 0 ? -EINVAL : -ENOSPC;
}

long sys_pkey_free(int key)
{
    (void)key;
    return -EINVAL;
}

long sys_pkey_mprotect(u64 address, u64 size, u64 protection, int key)
{
    return key == -1 ? sys_mprotect(address, size, protection) : -EINVAL;
}
