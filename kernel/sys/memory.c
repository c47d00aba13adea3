/* SPDX-License-Identifier: Apache-2.0 */
/* The address space: mmap and its relatives. What they mean is in kernel/vm. */
#include "abi/linux/errors.h"
#include "abi/linux/mman.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sys/dispatch.h"
#include "kernel/vm/vm.h"
#include "lib/base/types.h"

/* The flags live in 32 bits; a bit above them is one we do not know. */
static bool fits32(u64 bits)
{
    return bits <= UINT32_MAX;
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

    if (!fits32(flags))
        return -EINVAL;
    if (flags & MAP_ANONYMOUS) {
        request.off = 0;
        return off % 4096 != 0 ? -EINVAL : vm_map(&request);
    }
    request.file = fdtable_get(current_fdtable(), fd);
    if (!request.file)
        return -EBADF;
    if (request.file->flags & FILE_PATH) {
        result = -EBADF;
    } else {
        result = vm_map(&request);
    }
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
