/* SPDX-License-Identifier: Apache-2.0 */
/* What the address space looks like, for /proc, for reports and for futexes. */
#include "kernel/arch/mmu.h"
#include "kernel/core/mutex.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/vm/area.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/types.h"

static int count_entry(void *arg, u64 address, mmu_entry_t *slot, u64 size)
{
    u64 *pages = arg;

    (void)address;
    (void)slot;
    *pages += size >> PAGE_SHIFT;
    return 0;
}

static void info_fill(struct vm_area_info *info, const struct area *area)
{
    *info = (struct vm_area_info){
        .start = area->start,
        .end = area->end,
        .protection = area->protection,
        .shared = (area->flags & AREA_SHARED) != 0,
        .off = area->file ? area->off : 0,
        .file = area->file,
        .name = area->name,
    };
}

void vm_for_each_area(bool (*visit)(void *arg, const struct vm_area_info *area), void *arg)
{
    rwlock_read_lock(&space.lock);
    for (struct area *area = area_first(&space.areas); area; area = area_next(area)) {
        struct vm_area_info info;

        info_fill(&info, area);
        entries_for_each(area->start, area->end, count_entry, &info.resident_pages);
        if (!visit(arg, &info))
            break;
    }
    rwlock_read_unlock(&space.lock);
}

bool vm_find_area(u64 address, struct vm_area_info *info)
{
    struct area *area;

    rwlock_read_lock(&space.lock);
    area = area_find(&space.areas, address);
    if (area)
        info_fill(info, area);
    if (area && area->file)
        file_get(area->file);
    rwlock_read_unlock(&space.lock);
    return area != NULL;
}

bool vm_shared_key(u64 address, struct inode **inode, u64 *off)
{
    struct area *area;
    bool shared;

    rwlock_read_lock(&space.lock);
    area = area_find(&space.areas, address);
    shared = area && area->file && area->flags & AREA_SHARED;
    if (shared) {
        *inode = area->file->inode;
        *off = area->off + (address - area->start);
    }
    rwlock_read_unlock(&space.lock);
    return shared;
}

static void count_area(struct vm_counts *counts, const struct area *area)
{
    u64 size = area->end - area->start;

    counts->size_bytes += size;
    if (area->flags & AREA_GROWS_DOWN) {
        counts->stack_bytes += size;
    } else if (area->protection & VM_WRITE && !(area->flags & AREA_SHARED)) {
        counts->data_bytes += size;
    }
    if (area->protection & VM_EXEC)
        counts->text_bytes += size;
}

void vm_counts(struct vm_counts *counts)
{
    *counts = (struct vm_counts){
        .resident_pages = __atomic_load_n(&space.resident_pages, __ATOMIC_RELAXED),
        .faults_minor = __atomic_load_n(&space.faults_minor, __ATOMIC_RELAXED),
        .faults_major = __atomic_load_n(&space.faults_major, __ATOMIC_RELAXED),
    };
    rwlock_read_lock(&space.lock);
    for (struct area *area = area_first(&space.areas); area; area = area_next(area))
        count_area(counts, area);
    rwlock_read_unlock(&space.lock);
}
