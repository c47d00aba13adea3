/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/fake_ram.h"

#include "abi/linux/errors.h"
#include "kernel/arch/boot_info.h"
#include "kernel/arch/mmu.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE   (4ull << 30)
#define SPACE_SIZE (1ull << 30) /* Page array first, then kernel mappings. */
#define ARRAY_SIZE (RAM_SIZE / PAGE_SIZE * sizeof(struct page))

bool fake_ram_map_fails;
u64 fake_ram_unmaps;

static struct boot_info info;
static int ram_fd = -1;
static u8 *ram;
static u8 *space;
static u64 mapped[SPACE_SIZE / PAGE_SIZE]; /* Physical address + 1. */

const struct boot_info *boot_info(void)
{
    return &info;
}

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    abort();
}

void fake_ram_add(u64 start, u64 size)
{
    info.ram[info.ram_count++] = (struct boot_range){ start, size };
}

void fake_ram_start(void)
{
    ram_fd = memfd_create("ram", 0);
    must(ram_fd >= 0 && ftruncate(ram_fd, RAM_SIZE) == 0, "memfd");
    ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, ram_fd, 0);
    must(ram != MAP_FAILED, "ram");
    space = mmap(NULL, SPACE_SIZE + LARGE_PAGE_SIZE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(space != MAP_FAILED, "space");
    space += LARGE_PAGE_SIZE - (uintptr_t)space % LARGE_PAGE_SIZE;
    kernel_map_init((u64)space + ARRAY_SIZE, SPACE_SIZE - ARRAY_SIZE);
    page_init((u64)space);
    heap_init();
}

void *phys_to_virt(paddr_t address)
{
    must(address < RAM_SIZE, "phys_to_virt");
    return ram + address;
}

paddr_t virt_to_phys(const void *address)
{
    u64 off = (u64)((const u8 *)address - ram);

    must(off < RAM_SIZE, "virt_to_phys");
    return off;
}

static bool is_ram(u64 address)
{
    return address >= (u64)ram && address < (u64)ram + RAM_SIZE;
}

static int map_page(u64 address, paddr_t physical)
{
    u64 index = (address - (u64)space) / PAGE_SIZE;

    must(index < SPACE_SIZE / PAGE_SIZE && mapped[index] == 0, "mapped twice");
    must(mmap((void *)address, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram_fd,
              (off_t)physical) != MAP_FAILED,
         "map_page");
    mapped[index] = physical + 1;
    return 0;
}

int mmu_kernel_map(u64 address, paddr_t physical, u64 size, u32 flags)
{
    u64 unit = flags & MMU_LARGE ? LARGE_PAGE_SIZE : PAGE_SIZE;
    paddr_t table = page_alloc_table(); /* The real one needs some, too. */

    must(((address | physical | size) & (unit - 1)) == 0 || is_ram(address), "alignment");
    must(table != 0, "no page for a table");
    if (fake_ram_map_fails)
        return -ENOMEM;
    if (is_ram(address))
        return 0;
    for (u64 off = 0; off < size; off += PAGE_SIZE)
        map_page(address + off, physical + off);
    return 0;
}

void mmu_kernel_clear(u64 address, u64 size)
{
    for (u64 off = 0; off < size; off += PAGE_SIZE) {
        mapped[(address + off - (u64)space) / PAGE_SIZE] = 0;
        must(mmap((void *)(address + off), PAGE_SIZE, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED,
             "unmap");
    }
}

void tlb_flush(u64 address, u64 size)
{
    (void)address;
    (void)size;
    fake_ram_unmaps++;
}

void mmu_kernel_unmap(u64 address, u64 size)
{
    mmu_kernel_clear(address, size);
    tlb_flush(address, size);
}

bool mmu_translate(u64 address, paddr_t *physical, u32 *flags)
{
    u64 index = (address - (u64)space) / PAGE_SIZE;

    if (index >= SPACE_SIZE / PAGE_SIZE || mapped[index] == 0)
        return false;
    *physical = mapped[index] - 1 + address % PAGE_SIZE;
    *flags = MMU_WRITE;
    return true;
}
