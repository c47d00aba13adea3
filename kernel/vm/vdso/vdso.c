/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the vDSO into the program: a file in memory whose first page is the clock's data and whose
 * rest is the shared object, mapped like any other file. The kernel keeps the data page.
 */
#include "abi/linux/mman.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/time.h"
#include "kernel/core/clock.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/page.h"
#include "kernel/vm/vdso/vvar.h"
#include "kernel/vm/vm.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

extern const u8 vdso_image[], vdso_image_end[];

static struct vvar *vvar; /* [const] once mapped; NULL without a vDSO. */

/* The file: one page for the data, then the image. */
static int vdso_file_create(struct file **file)
{
    size_t size = (size_t)(vdso_image_end - vdso_image);
    struct page *page;
    struct iter iter;
    u64 off = PAGE_SIZE;
    int err = memfd_create("[vdso]", false, file);

    if (err < 0)
        return err;
    iter_init_kernel(&iter, (void *)(uintptr_t)vdso_image, size);
    if (file_write(*file, &iter, &off) != (long)size ||
        page_cache_get_new(&(*file)->inode->cache, 0, &page) < 0) {
        file_put(*file);
        return -1;
    }
    vvar = page_virt(page); /* The reference is kept: the page stays for good. */
    return 0;
}

void vm_vdso_update(void)
{
    u64 base_cycles;
    u64 offset_ns;
    u32 mult;
    u32 shift;
    bool is_valid = arch_clock_vdso(&base_cycles, &offset_ns, &mult, &shift);
    u32 sequence;

    if (!vvar)
        return;
    sequence = __atomic_add_fetch(&vvar->sequence, 1, __ATOMIC_ACQ_REL);
    vvar->is_valid = is_valid;
    vvar->mult = mult;
    vvar->shift = shift;
    vvar->base_cycles = base_cycles;
    vvar->offset_ns = offset_ns;
    vvar->wall_ns = clock_wall_offset_ns();
    vvar->has_rdtscp = cpu_has_rdtscp();
    __atomic_store_n(&vvar->sequence, sequence + 1, __ATOMIC_RELEASE);
}

u64 vm_map_vdso(void)
{
    u64 image_size = align_up((u64)(vdso_image_end - vdso_image), PAGE_SIZE);
    struct vm_map_request request = {
        .size = PAGE_SIZE + image_size,
        .protection = PROT_READ | PROT_EXEC,
        .flags = MAP_PRIVATE,
    };
    long base;

    if (vdso_file_create(&request.file) < 0)
        return 0;
    vm_vdso_update();
    base = vm_map(&request);
    file_put(request.file);
    if (base < 0)
        return 0;
    if (vm_protect((u64)base, PAGE_SIZE, PROT_READ) < 0)
        return 0;
    return (u64)base + PAGE_SIZE;
}
