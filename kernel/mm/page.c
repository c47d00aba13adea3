/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical memory: the buddy allocator behind a lock, a small cache of single pages for each CPU in
 * front of it, and RAM brought online piece by piece behind it.
 *
 * A piece is what a RAM range has in one section of 128 MiB. Bringing it online maps it into the
 * direct map and maps backing for its struct pages, which is taken from the piece itself. The page
 * tables for that come from page_alloc_table(), which never brings memory online and has a reserve.
 */
#include "kernel/mm/page.h"

#include "kernel/arch/boot_info.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/mm/buddy.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum {
    CACHE_PAGES_MAX = 64,
    CACHE_PAGES_MIN = 4,
    CACHE_DIVISOR = 1024, /* At most this part of RAM lies in the cache of one CPU. */
    SECTION_SHIFT = 27,
    LARGE_ARRAY_MIN = 64 << 20, /* From this size on a piece spends a large page on its array. */
    ONLINE_LOW = 128,           /* With fewer free pages than this, more are brought online. */
    RESERVE_DIVISOR = 128,      /* This part of RAM is for those who cannot wait for reclaim. */
    RESERVE_MAX = 2048,
    TABLES_EARLY = 8, /* Pages at the start of RAM for the tables of the first piece. */
    TABLES_RESERVE = 16,
    RECLAIMERS_MAX = 8,
    RECLAIM_BATCH = 64,
    ATTEMPTS_MAX = 8,
};

struct cpu_pages {
    u32 count;
    struct page *pages[CACHE_PAGES_MAX];
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_PAGES);
static struct buddy buddy;                   /* Under `lock`. */
static struct cpu_pages cpu_pages[CPUS_MAX]; /* [irq] */
static struct page *array;                   /* [const] */
static u64 total_pages;                      /* [const] */
static u64 reserve_pages;                    /* [const] */
static u32 cache_pages = CACHE_PAGES_MIN;    /* [const] */

static struct spinlock online_lock = SPINLOCK_INIT(LOCK_RANK_PAGES_ONLINE);
static u32 next_range;    /* Under `online_lock`. */
static u64 next_address;  /* Likewise: in that range, or 0 for its start. */
static u64 offline_pages; /* [atomic] Changes under `online_lock`. */

static paddr_t early_next; /* Until the first piece is online: by the boot CPU alone. */
static paddr_t early_end;
static struct page *table_reserve[TABLES_RESERVE]; /* Under `lock`. */
static u32 table_reserve_count;

static page_reclaim_fn *reclaimers[RECLAIMERS_MAX]; /* [const] after boot. */
static u32 reclaimer_count;
static struct bottom_half room_maker; /* Reclaims for those who may not. */

paddr_t page_address(const struct page *page)
{
    return (paddr_t)(page - array) << PAGE_SHIFT;
}

struct page *page_from_address(paddr_t address)
{
    return &array[address >> PAGE_SHIFT];
}

void *page_virt(const struct page *page)
{
    return phys_to_virt(page_address(page));
}

struct page *page_from_virt(const void *address)
{
    return page_from_address(virt_to_phys(address));
}

/* ---- Bringing memory online. ---- */

/* Maps [lo, hi) into the direct map, by large pages where it can. */
static int direct_map(paddr_t lo, paddr_t hi)
{
    paddr_t large_lo = u64_min(align_up(lo, LARGE_PAGE_SIZE), hi);
    paddr_t large_hi = u64_max(align_down(hi, LARGE_PAGE_SIZE), large_lo);
    const struct {
        paddr_t lo;
        paddr_t hi;
        u32 flags;
    } parts[] = {
        { lo, large_lo, MMU_WRITE },
        { large_lo, large_hi, MMU_WRITE | MMU_LARGE },
        { large_hi, hi, MMU_WRITE },
    };

    for (u32 i = 0; i < ARRAY_COUNT(parts); i++) {
        int err = 0;

        if (parts[i].lo < parts[i].hi) {
            err = mmu_kernel_map((u64)phys_to_virt(parts[i].lo), parts[i].lo,
                                 parts[i].hi - parts[i].lo, parts[i].flags);
        }
        if (err < 0)
            return err;
    }
    return 0;
}

static bool is_mapped(u64 address)
{
    paddr_t physical;
    u32 flags;

    return mmu_translate(address, &physical, &flags);
}

/* A piece of RAM on its way online: [lo, hi), of which [array_lo, array_hi) backs struct pages. */
struct piece {
    paddr_t lo;
    paddr_t hi;
    paddr_t array_lo;
    paddr_t array_hi;
};

/* Backs the struct pages of the whole section by one large page of the piece. */
static int array_map_large(struct piece *piece)
{
    u64 section = align_down(piece->lo, 1ull << SECTION_SHIFT);

    piece->array_lo = align_up(piece->lo, LARGE_PAGE_SIZE);
    piece->array_hi = piece->array_lo + LARGE_PAGE_SIZE;
    return mmu_kernel_map((u64)page_from_address(section), piece->array_lo, LARGE_PAGE_SIZE,
                          MMU_WRITE | MMU_LARGE);
}

/* Backs just the struct pages of the piece, by its first pages. */
static int array_map_small(struct piece *piece)
{
    u64 lo = align_down((u64)page_from_address(piece->lo), PAGE_SIZE);
    u64 hi = align_up((u64)page_from_address(piece->hi), PAGE_SIZE);

    if (is_mapped(lo))
        lo += PAGE_SIZE; /* The piece before it ends in the same page of struct pages. */
    piece->array_lo = piece->lo;
    piece->array_hi = piece->lo;
    if (lo >= hi)
        return 0;
    piece->array_hi += hi - lo;
    if (piece->array_hi >= piece->hi)
        return -1; /* All of it would go into its own struct pages. */
    return mmu_kernel_map(lo, piece->array_lo, hi - lo, MMU_WRITE);
}

static int array_map(struct piece *piece)
{
    u64 last = (u64)(page_from_address(piece->hi) - 1);

    if (is_mapped((u64)page_from_address(piece->lo)) && is_mapped(last)) {
        piece->array_lo = piece->lo; /* Another piece of the section took a large page. */
        piece->array_hi = piece->lo;
        return 0;
    }
    /* Where a smaller piece of the section came first, a table is in the large page's place. */
    if (piece->hi - piece->lo >= LARGE_ARRAY_MIN && array_map_large(piece) == 0)
        return 0;
    return array_map_small(piece);
}

static void piece_add(const struct piece *piece)
{
    u64 lo = piece->lo >> PAGE_SHIFT;
    u64 array_lo = piece->array_lo >> PAGE_SHIFT;
    u64 array_hi = piece->array_hi >> PAGE_SHIFT;

    spin_lock(&lock);
    if (lo < array_lo)
        buddy_add(&buddy, lo, array_lo);
    buddy_add(&buddy, array_hi, piece->hi >> PAGE_SHIFT);
    spin_unlock(&lock);
}

/* The next piece, or false when all RAM has been looked at. */
static bool piece_next(struct piece *piece) HOLDS(&online_lock)
{
    const struct boot_info *info = boot_info();

    while (next_range < info->ram_count) {
        const struct boot_range *range = &info->ram[next_range];
        u64 end = align_down(range->start + range->size, PAGE_SIZE);

        if (next_address == 0)
            next_address = align_up(range->start, PAGE_SIZE);
        piece->lo = next_address;
        piece->hi =
            u64_min(end, align_down(piece->lo, 1ull << SECTION_SHIFT) + (1ull << SECTION_SHIFT));
        if (piece->lo < piece->hi) {
            next_address = piece->hi;
            return true;
        }
        next_range++;
        next_address = 0;
    }
    return false;
}

/* True when there is more memory than before. */
static bool online_next(void) LOCK_INTERNALS
{
    struct piece piece;
    bool found = false;

    if (__atomic_load_n(&offline_pages, __ATOMIC_RELAXED) == 0)
        return false;
    spin_lock(&online_lock);
    while (!found && piece_next(&piece)) {
        __atomic_fetch_sub(&offline_pages, (piece.hi - piece.lo) >> PAGE_SHIFT, __ATOMIC_RELAXED);
        if (early_next != 0 && piece.lo < early_end && piece.hi >= early_end)
            piece.lo = early_end;
        if (piece.lo < piece.hi && direct_map(piece.lo, piece.hi) == 0 && array_map(&piece) == 0) {
            piece_add(&piece);
            found = true;
        }
    }
    if (!found)
        __atomic_store_n(&offline_pages, 0, __ATOMIC_RELAXED);
    spin_unlock(&online_lock);
    return found;
}

/* ---- Tables. ---- */

static void prepare(struct page *page, u32 flags)
{
    page->refs = 1;
    page->kind = PAGE_PLAIN;
    page->flags = 0;
    list_init(&page->link);
    list_init(&page->list);
    if ((flags & PAGE_ALLOC_ZERO) != 0)
        mem_zero(page_virt(page), (size_t)PAGE_SIZE << page->order);
}

paddr_t page_alloc_table(void)
{
    struct page *page;

    spin_lock(&lock);
    page = buddy_take(&buddy, 0);
    if (!page && table_reserve_count > 0)
        page = table_reserve[--table_reserve_count];
    spin_unlock(&lock);
    if (page) {
        prepare(page, PAGE_ALLOC_ZERO);
        return page_address(page);
    }
    if (early_next < early_end) {
        paddr_t address = early_next;

        early_next += PAGE_SIZE;
        mem_zero(phys_to_virt(address), PAGE_SIZE);
        return address;
    }
    return 0;
}

static void table_reserve_fill(void)
{
    spin_lock(&lock);
    while (table_reserve_count < TABLES_RESERVE) {
        struct page *page = buddy_take(&buddy, 0);

        if (!page)
            break;
        table_reserve[table_reserve_count++] = page;
    }
    spin_unlock(&lock);
}

/* ---- Allocating. ---- */

static void ensure_online(void)
{
    if (__atomic_load_n(&buddy.free_pages, __ATOMIC_RELAXED) < ONLINE_LOW && online_next())
        table_reserve_fill();
}

static struct page *block_take(u32 order)
{
    struct page *page;

    ensure_online();
    spin_lock(&lock);
    page = buddy_take(&buddy, order);
    spin_unlock(&lock);
    return page;
}

/*
 * Fills an empty cache. The pages come out again in the order the buddy gave them, which is that of
 * their addresses where memory is not fragmented: what is read into them makes fewer segments.
 * Interrupts are off.
 */
static void cache_refill(struct cpu_pages *cache)
{
    struct page *batch[CACHE_PAGES_MAX / 2];
    u32 count = 0;

    ensure_online();
    spin_lock(&lock);
    while (count < cache_pages / 2) {
        struct page *page = buddy_take(&buddy, 0);

        if (!page)
            break;
        batch[count++] = page;
    }
    spin_unlock(&lock);
    while (count > 0)
        cache->pages[cache->count++] = batch[--count];
}

static void cache_drain(struct cpu_pages *cache, u32 to_count)
{
    spin_lock(&lock);
    while (cache->count > to_count)
        buddy_give(&buddy, cache->pages[--cache->count]);
    spin_unlock(&lock);
}

static struct page *cache_take(void)
{
    bool irq_was_on = irq_save();
    struct cpu_pages *cache = &cpu_pages[cpu_id()];
    struct page *page = NULL;

    if (cache->count == 0)
        cache_refill(cache);
    if (cache->count > 0)
        page = cache->pages[--cache->count];
    irq_restore(irq_was_on);
    return page;
}

static void cache_give(struct page *page)
{
    bool irq_was_on = irq_save();
    struct cpu_pages *cache = &cpu_pages[cpu_id()];

    if (cache->count >= cache_pages)
        cache_drain(cache, cache_pages / 2);
    cache->pages[cache->count++] = page;
    irq_restore(irq_was_on);
}

static bool reclaim(u64 count)
{
    u64 freed = 0;

    for (u32 i = 0; i < reclaimer_count && freed < count; i++)
        freed += reclaimers[i](count - freed);
    return freed > 0;
}

static bool may_reclaim(u32 flags)
{
    return (flags & PAGE_ALLOC_NO_WAIT) == 0 && irq_enabled() && !in_interrupt();
}

static bool is_below_reserve(void)
{
    return __atomic_load_n(&buddy.free_pages, __ATOMIC_RELAXED) < reserve_pages &&
           __atomic_load_n(&offline_pages, __ATOMIC_RELAXED) == 0;
}

static bool make_room(struct bottom_half *half)
{
    (void)half;
    return reclaim(RECLAIM_BATCH) && is_below_reserve();
}

/*
 * Below the reserve, those who can make room do so before they take. For the others it is made soon
 * afterwards: where all threads wait for packets, nobody else would ever do it.
 */
static void keep_reserve(u32 flags)
{
    if (!is_below_reserve() || reclaimer_count == 0)
        return;
    if (may_reclaim(flags)) {
        (void)reclaim(RECLAIM_BATCH);
    } else {
        bottom_half_queue(&room_maker);
    }
}

static struct page *alloc_hard(u32 order, u32 flags)
{
    for (u32 i = 0; i < ATTEMPTS_MAX; i++) {
        bool irq_was_on = irq_save();
        struct page *page;

        cache_drain(&cpu_pages[cpu_id()], 0); /* They may merge to what is wanted. */
        irq_restore(irq_was_on);
        page = block_take(order);
        if (page)
            return page;
        if (online_next())
            continue;
        if (!may_reclaim(flags))
            return NULL;
        /* More each time: who is asked for more looks further. */
        (void)reclaim(u64_max(RECLAIM_BATCH, 2ull << order) << i);
    }
    return NULL;
}

struct page *page_alloc(u32 order, u32 flags)
{
    struct page *page;

    if (order > PAGE_ORDER_MAX)
        return NULL;
    keep_reserve(flags);
    page = order == 0 ? cache_take() : block_take(order);
    if (!page)
        page = alloc_hard(order, flags);
    if (page)
        prepare(page, flags);
    return page;
}

static void release(struct page *page)
{
    ASSERT(page->kind != PAGE_FREE);
    page->kind = PAGE_FREE;
    page->flags = 0;
    if (page->order == 0) {
        cache_give(page);
        return;
    }
    spin_lock(&lock);
    buddy_give(&buddy, page);
    spin_unlock(&lock);
}

void page_free(struct page *page)
{
    ASSERT(__atomic_load_n(&page->refs, __ATOMIC_RELAXED) == 1);
    page->refs = 0;
    release(page);
}

void page_put(struct page *page)
{
    u32 before = __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE);

    /* The only holder needs no locked instruction: nobody else could take a reference. */
    if (before != 1)
        before = __atomic_fetch_sub(&page->refs, 1, __ATOMIC_ACQ_REL);
    ASSERT(before != 0);
    if (before != 1)
        return;
    page->refs = 0;
    release(page);
}

void page_register_reclaimer(page_reclaim_fn *fn)
{
    ASSERT(reclaimer_count < RECLAIMERS_MAX);
    reclaimers[reclaimer_count++] = fn;
}

void page_counts(struct page_counts *counts)
{
    counts->total = total_pages;
    counts->free = __atomic_load_n(&buddy.free_pages, __ATOMIC_RELAXED) +
                   __atomic_load_n(&offline_pages, __ATOMIC_RELAXED);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        counts->free += __atomic_load_n(&cpu_pages[cpu].count, __ATOMIC_RELAXED);
}

void page_init(u64 array_address)
{
    const struct boot_info *info = boot_info();

    array = (struct page *)array_address;
    buddy_init(&buddy, array);
    for (u32 i = 0; i < info->ram_count; i++) {
        u64 lo = align_up(info->ram[i].start, PAGE_SIZE);
        u64 hi = align_down(info->ram[i].start + info->ram[i].size, PAGE_SIZE);

        if (lo < hi)
            total_pages += (hi - lo) >> PAGE_SHIFT;
        if (early_end == 0 && lo < hi && hi - lo > (u64)TABLES_EARLY * PAGE_SIZE) {
            early_next = lo;
            early_end = lo + (u64)TABLES_EARLY * PAGE_SIZE;
        }
    }
    bottom_half_init(&room_maker, make_room);
    cache_pages =
        (u32)u64_min(u64_max(total_pages / CACHE_DIVISOR, CACHE_PAGES_MIN), CACHE_PAGES_MAX);
    reserve_pages = u64_min(total_pages / RESERVE_DIVISOR, RESERVE_MAX);
    offline_pages = total_pages;
    if (!online_next())
        panic("no usable RAM: %lu pages", total_pages);
    early_next = early_end; /* What is left has no struct pages: it stays unused. */
    table_reserve_fill();
}
