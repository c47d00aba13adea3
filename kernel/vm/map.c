/* SPDX-License-Identifier: Apache-2.0 */
/* mmap(2): what may be mapped, and where. */
#include "abi/linux/errors.h"
#include "abi/linux/mman.h"
#include "abi/linux/stat.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/mutex.h"
#include "kernel/core/thread.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/list.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

#define MAP_FLAGS_KNOWN                                                                      \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE |      \
     MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | \
     MAP_FIXED_NOREPLACE | MAP_UNINITIALIZED)

/* Where MAP_32BIT looks: Linux' second GiB. */
#define LOW_START 0x40000000ull
#define LOW_END   0x80000000ull

struct space space = {
    .limit_size = UINT64_MAX,
    .limit_data = UINT64_MAX,
    .limit_stack = 8ull << 20,
};

static bool area_is_data(const struct area *area)
{
    return (area->protection & VM_WRITE) != 0 && !(area->flags & AREA_SHARED);
}

static u64 data_bytes(void)
{
    u64 bytes = 0;

    for (struct area *area = area_first(&space.areas); area; area = area_next(area)) {
        if (area_is_data(area))
            bytes += area->end - area->start;
    }
    return bytes;
}

int space_check_limits(u64 size, u32 protection, u32 area_flags)
{
    struct area wanted = { .protection = protection, .flags = area_flags };

    if (size > space.limit_size || space.areas.bytes > space.limit_size - size)
        return -ENOMEM;
    if (space.limit_data == UINT64_MAX || !area_is_data(&wanted))
        return 0;
    if (size > space.limit_data || data_bytes() > space.limit_data - size)
        return -ENOMEM;
    return 0;
}

static bool hole_is_free(u64 address, u64 size)
{
    struct area *above;
    u64 guard;

    if (address < VM_ADDRESS_MIN || size > USER_END || address > USER_END - size)
        return false;
    above = area_find_from(&space.areas, address);
    if (!above)
        return true;
    guard = above->flags & AREA_GROWS_DOWN ? AREA_GUARD_GAP : 0;
    return above->start >= address + size && above->start - (address + size) >= guard;
}

u64 space_place(u64 hint, u64 size, u32 flags, u64 align)
{
    u64 address = 0;

    if (hint != 0 && hole_is_free(hint, size))
        return hint;
    if (flags & MAP_32BIT)
        return area_gap_find(&space.areas, size, LOW_START, LOW_END, align);
    if (align > PAGE_SIZE)
        address = area_gap_find(&space.areas, size, VM_ADDRESS_MIN, space.map_top, align);
    if (address == 0)
        address = area_gap_find(&space.areas, size, VM_ADDRESS_MIN, space.map_top, PAGE_SIZE);
    if (address == 0)
        address = area_gap_find(&space.areas, size, VM_ADDRESS_MIN, USER_END, PAGE_SIZE);
    return address;
}

static int check_file(const struct vm_map_request *request, bool shared)
{
    const struct file *file = request->file;
    u64 end;

    if (!u64_add(request->off, request->size, &end) || end > INT64_MAX)
        return -EOVERFLOW;
    if (!(file->flags & FILE_READABLE))
        return -EACCES;
    if (shared && request->protection & PROT_WRITE && !(file->flags & FILE_WRITABLE))
        return -EACCES;
    if (!file->ops->mmap || !file->inode)
        return -ENODEV;
    return file->ops->mmap(request->file, shared, request->protection);
}

static int check_request(const struct vm_map_request *request)
{
    u32 type = request->flags & MAP_TYPE;
    u64 size = align_up(request->size, PAGE_SIZE);

    if (request->size == 0 || !is_aligned(request->off, PAGE_SIZE))
        return -EINVAL;
    if (size == 0 || size > USER_END)
        return -ENOMEM;
    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && request->flags & ~MAP_FLAGS_KNOWN)
        return -EOPNOTSUPP;
    if (request->flags & MAP_HUGETLB)
        return -ENOMEM; /* As Linux without a pool of huge pages. */
    if (request->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (!is_aligned(request->address, PAGE_SIZE))
            return -EINVAL;
        if (request->address > USER_END - size)
            return -ENOMEM;
        if (request->address < VM_ADDRESS_MIN)
            return -EPERM;
    }
    return request->file ? check_file(request, type != MAP_PRIVATE) : 0;
}

static struct area area_wanted(const struct vm_map_request *request)
{
    struct area area = { .protection = request->protection & (VM_READ | VM_WRITE | VM_EXEC) };

    if ((request->flags & MAP_TYPE) != MAP_PRIVATE)
        area.flags |= AREA_SHARED;
    /* A mapping of /dev/zero is anonymous memory. */
    if (request->file && (request->file->inode->mode & S_IFMT) != S_IFCHR) {
        area.file = request->file;
        area.off = request->off;
    }
    if (request->flags & MAP_GROWSDOWN && !area.file)
        area.flags |= AREA_GROWS_DOWN;
    if (request->flags & MAP_STACK)
        area.flags |= AREA_NO_HUGE;
    if (request->flags & MAP_LOCKED)
        area.flags |= AREA_LOCKED;
    return area;
}

/* The address where `area` goes, with everything there that has to give way cut out. */
static long place(const struct vm_map_request *request, const struct area *area, u64 size)
{
    bool is_large = !area->file && !(area->flags & AREA_NO_HUGE) && size >= LARGE_PAGE_SIZE &&
                    is_aligned(size, LARGE_PAGE_SIZE);
    u64 hint = request->address;
    u64 address;
    int err;

    if (request->flags & MAP_FIXED_NOREPLACE)
        return hole_is_free(hint, size) ? (long)hint : -EEXIST;
    if (request->flags & MAP_FIXED) {
        err = space_cut(hint, hint + size);
        return err < 0 ? err : (long)hint;
    }
    hint = hint > USER_END ? 0 : align_up(hint, PAGE_SIZE);
    address = space_place(hint, size, request->flags, is_large ? LARGE_PAGE_SIZE : PAGE_SIZE);
    return address != 0 ? (long)address : -ENOMEM;
}

static long map_locked(const struct vm_map_request *request, struct area *area, u64 size,
                       struct list *dead)
{
    long address;
    int err = space_check_limits(size, area->protection, area->flags);

    if (err < 0)
        return err;
    if (space.areas.count >= AREAS_MAX)
        return -ENOMEM;
    address = place(request, area, size);
    if (address < 0)
        return address;

    area->start = (u64)address;
    area->end = area->start + size;
    if (request->flags & MAP_FIXED)
        space_unmap(area->start, area->end, dead);
    area_insert(&space.areas, area);
    area_merge(&space.areas, area->start, area->end);
    return address;
}

long vm_map(const struct vm_map_request *request)
{
    struct area wanted;
    u64 size = align_up(request->size, PAGE_SIZE);
    struct list dead = LIST_INIT(dead);
    struct area *area;
    long address;
    int err = check_request(request);
    bool populate = (request->flags & (MAP_POPULATE | MAP_LOCKED)) != 0;

    if (err < 0)
        return err;
    wanted = area_wanted(request);
    area = area_create(&wanted);
    if (!area)
        return -ENOMEM;

    rwlock_write_lock(&space.lock);
    address = map_locked(request, area, size, &dead);
    populate |= space.lock_future;
    rwlock_write_unlock(&space.lock);

    if (address < 0)
        list_push_back(&dead, &area->link);
    area_destroy_list(&dead);
    if (address >= 0 && populate && wanted.protection != 0)
        space_populate((u64)address, (u64)address + size, POPULATE_AS_MAPPED);
    return address;
}

/* Whether the page is there already. Else `*access` is how to ask for it. */
static bool is_populated(u64 address, enum populate how, u32 *access)
{
    mmu_entry_t entry = 0;
    struct area *area;
    mmu_entry_t *slot;
    u32 flags;

    rwlock_read_lock(&space.lock); /* Or the tables may go. */
    area = area_find(&space.areas, address);
    slot = mmu_slot(address, false, false, NULL);
    if (slot)
        entry = mmu_slot_read(slot);
    *access = how == POPULATE_WRITE ? FAULT_WRITE : 0;
    if (how == POPULATE_AS_MAPPED && area && !(area->flags & AREA_SHARED) &&
        area->protection & VM_WRITE)
        *access = FAULT_WRITE;
    rwlock_read_unlock(&space.lock);

    if (!mmu_entry_is_present(entry))
        return false;
    flags = mmu_entry_flags(entry);
    return !(flags & MMU_NO_ACCESS) && (*access == 0 || flags & MMU_WRITE);
}

int space_populate(u64 lo, u64 hi, enum populate how)
{
    for (u64 address = lo; address < hi; address += PAGE_SIZE) {
        enum vm_fault result = VM_FAULT_DONE;
        u32 access;

        if (!is_populated(address, how, &access))
            result = vm_fault(address, access);
        if (result == VM_FAULT_NO_DATA)
            return -EFAULT;
        if (result != VM_FAULT_DONE)
            return result == VM_FAULT_DENIED ? -EINVAL : -ENOMEM;
        sched_yield_if_due();
    }
    return 0;
}

void vm_set_limits(u64 size, u64 data, u64 stack)
{
    rwlock_write_lock(&space.lock);
    space.limit_size = size;
    space.limit_data = data;
    space.limit_stack = stack;
    rwlock_write_unlock(&space.lock);
}
