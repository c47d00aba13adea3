/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/fake_files.h"

#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/spinlock.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "lib/base/list.h"

#include <stdlib.h>
#include <string.h>

struct inode fake_inode;
struct file fake_file;
int fake_file_reads;
int fake_marks_dirty;
bool fake_file_broken;

static struct page *pages[FAKE_FILE_PAGES];

static int any_mmap(struct file *file, bool shared, u32 protection)
{
    (void)file;
    (void)shared;
    (void)protection;
    return 0;
}

static const struct file_ops fake_ops = { .name = "fake", .mmap = any_mmap };

void fake_file_init(u64 size, u32 file_flags, u32 cache_flags)
{
    fake_inode = (struct inode){ .refs = 1, .mode = S_IFREG, .size = size };
    fake_inode.cache.flags = cache_flags;
    spinlock_init(&fake_inode.cache.mapping_lock, LOCK_RANK_PAGE_MAPPING);
    list_init(&fake_inode.cache.mappings);
    fake_file =
        (struct file){ .refs = 1, .flags = file_flags, .ops = &fake_ops, .inode = &fake_inode };
}

struct file *file_get(struct file *file)
{
    file->refs++;
    return file;
}

void file_put(struct file *file)
{
    if (file->refs-- == 0)
        abort();
}

struct page *page_cache_find(struct page_cache *cache, u64 index)
{
    (void)cache;
    if (index >= FAKE_FILE_PAGES || !pages[index])
        return NULL;
    return page_get(pages[index]);
}

int page_cache_get(struct page_cache *cache, u64 index, struct page **result)
{
    if (index >= FAKE_FILE_PAGES || fake_file_broken)
        return -EIO;
    if (!pages[index]) {
        pages[index] = page_alloc(0, 0);
        if (!pages[index])
            return -ENOMEM;
        pages[index]->kind = PAGE_CACHED;
        pages[index]->cached.cache = cache;
        pages[index]->cached.index = index;
        memset(page_virt(pages[index]), (int)index, PAGE_SIZE);
        fake_file_reads++;
    }
    *result = page_cache_find(cache, index);
    return 0;
}

void page_cache_mark_dirty(struct page_cache *cache, struct page *page)
{
    (void)cache;
    (void)page;
    fake_marks_dirty++;
}

void page_cache_read_ahead(struct page_cache *cache, u64 index, u64 count)
{
    (void)cache;
    (void)index;
    (void)count;
}

bool fake_reclaiming;

bool page_cache_is_reclaiming(void)
{
    return fake_reclaiming;
}

u64 page_cache_reclaim(u64 count)
{
    (void)count;
    return 0;
}

int fake_file_fini(void)
{
    int left = 0;

    for (u32 i = 0; i < FAKE_FILE_PAGES; i++) {
        if (!pages[i])
            continue;
        left += pages[i]->refs != 1;
        page_put(pages[i]);
        pages[i] = NULL;
    }
    return left;
}
