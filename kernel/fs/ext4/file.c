/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents of files: pages of the cache are filled straight from the disk, in requests as large as
 * the device takes. Blocks that follow each other on the disk become one request of many segments.
 */
#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "kernel/arch/mmu.h"
#include "kernel/block/block.h"
#include "kernel/fs/ext4/ext4_inode.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* Pages being filled, and the request that is growing. */
struct filling {
    struct ext4_node *node;
    struct block_device *device;
    struct page **pages;
    u64 first_off;   /* In the file, of the first page. */
    u32 size_max;    /* Bytes of one request. */
    u32 size;        /* Bytes in the request so far. */
    u64 next_sector; /* Where the disk goes on. */
    struct block_request *request;
};

static int submit(struct filling *filling)
{
    int err = 0;

    if (filling->request->segment_count > 0)
        err = block_wait(filling->device, filling->request);
    filling->request->segment_count = 0;
    filling->size = 0;
    return err;
}

/* Whether the bytes of a page come right after those of `last` in memory. */
static bool continues(const struct block_segment *last, const struct page *page, u32 off)
{
    return page_address(last->page) + last->off + last->len == page_address(page) + off;
}

/* Adds one piece to the request if it may go together with what is there. */
static bool request_take(struct filling *filling, struct page *page, u32 off, u32 len, u64 sector)
{
    struct block_request *request = filling->request;
    u32 count = request->segment_count;
    u32 max = u32_max(u32_min(filling->device->segments_max, BLOCK_SEGMENTS_MAX), 1);

    if (count == 0) {
        request->sector = sector;
    } else if (sector != filling->next_sector || filling->size + len > filling->size_max) {
        return false;
    }
    if (count > 0 && continues(&request->segments[count - 1], page, off)) {
        request->segments[count - 1].len += len;
    } else if (count < max) {
        request->segments[count] = (struct block_segment){ .page = page, .off = off, .len = len };
        request->segment_count++;
    } else {
        return false;
    }
    filling->size += len;
    filling->next_sector = sector + len / BLOCK_SECTOR_SIZE;
    return true;
}

/* Adds one piece, within one page, to the request; sends what does not go together with it. */
static int add_piece(struct filling *filling, struct page *page, u32 off, u32 len, u64 sector)
{
    int err = 0;

    if (!request_take(filling, page, off, len, sector)) {
        err = submit(filling);
        if (err == 0)
            request_take(filling, page, off, len, sector); /* It is empty now. */
    }
    return err;
}

/* One run of blocks, from byte `off` of the file on: read from the disk, or zeros. */
static int fill_run(struct filling *filling, u64 off, u64 size, bool is_data, u64 disk_off)
{
    int err = 0;

    while (size > 0 && err == 0) {
        struct page *page = filling->pages[(off - filling->first_off) / PAGE_SIZE];
        u32 in_page = (u32)(off % PAGE_SIZE);
        u32 len = (u32)u64_min(size, PAGE_SIZE - in_page);

        if (is_data) {
            err = add_piece(filling, page, in_page, len, disk_off / BLOCK_SECTOR_SIZE);
        } else {
            mem_zero((u8 *)page_virt(page) + in_page, len);
        }
        off += len;
        disk_off += len;
        size -= len;
    }
    return err;
}

static int fill(struct filling *filling, u64 end)
{
    struct ext4_fs *format = ext4_mount_of(&filling->node->inode)->format;
    u64 block_size = ext4_block_size(format);
    u64 off = filling->first_off;
    int err = 0;

    while (off < end && err == 0) {
        u64 in_block = off % block_size;
        u64 blocks = (end - off + in_block + block_size - 1) / block_size;
        struct ext4_mapping mapping;
        u64 size;

        err = ext4_map(format, &filling->node->disk, off / block_size,
                       (u32)u64_min(blocks, UINT32_MAX), &mapping);
        if (err < 0)
            break;
        size = u64_min((u64)mapping.count * block_size - in_block, end - off);
        err = fill_run(filling, off, size, mapping.kind == EXT4_MAP_DATA,
                       mapping.physical * block_size + in_block);
        off += size;
    }
    return err < 0 ? err : submit(filling);
}

/* Contents that lie in the inode itself. */
static int read_inline(struct ext4_node *node, u64 off, struct page **pages, u32 count)
{
    for (u32 i = 0; i < count; i++, off += PAGE_SIZE) {
        u8 *bytes = page_virt(pages[i]);
        long len =
            ext4_read(ext4_mount_of(&node->inode)->format, &node->disk, off, bytes, PAGE_SIZE);

        if (len < 0)
            return (int)len;
        mem_zero(bytes + len, PAGE_SIZE - (size_t)len);
    }
    return 0;
}

/* What lies beyond the file's end is zero, whatever the disk has there. */
static void zero_tail(const struct inode *inode, u64 first_off, struct page **pages, u32 count)
{
    u64 end = first_off + (u64)count * PAGE_SIZE;

    for (u64 off = u64_max(inode->size, first_off); off < end;) {
        u32 in_page = (u32)(off % PAGE_SIZE);

        mem_zero((u8 *)page_virt(pages[(off - first_off) / PAGE_SIZE]) + in_page,
                 PAGE_SIZE - in_page);
        off += PAGE_SIZE - in_page;
    }
}

static int cache_read(struct page_cache *cache, u64 index, struct page **pages, u32 count)
{
    struct ext4_node *node = ext4_node_of(cache->inode);
    struct block_device *device = ext4_mount_of(cache->inode)->device;
    struct filling filling = { .node = node,
                               .device = device,
                               .pages = pages,
                               .first_off = index * PAGE_SIZE,
                               .size_max = u32_max(device->request_bytes_max, PAGE_SIZE) };
    int err;

    if (index > INODE_SIZE_MAX / PAGE_SIZE)
        return -EIO;
    if (node->disk.flags & EXT4_INODE_INLINE)
        return read_inline(node, filling.first_off, pages, count);
    filling.request = heap_alloc_zero(sizeof(*filling.request));
    if (!filling.request)
        return -ENOMEM;
    filling.request->op = BLOCK_READ;
    err = fill(&filling, filling.first_off + (u64)count * PAGE_SIZE);
    heap_free(filling.request);
    if (err == 0)
        zero_tail(cache->inode, filling.first_off, pages, count);
    return err;
}

const struct page_cache_ops ext4_cache_ops = {
    .read = cache_read,
};

static long other_readlink(struct inode *inode, char *target, size_t size)
{
    if (inode_type(inode) != S_IFLNK)
        return -EINVAL;
    return ext4_readlink(ext4_mount_of(inode)->format, &ext4_node_of(inode)->disk, target, size);
}

static void other_release(struct inode *inode)
{
    page_cache_fini(&inode->cache);
    heap_free(ext4_node_of(inode));
}

const struct inode_ops ext4_other_ops = {
    .readlink = other_readlink,
    .release = other_release,
};
