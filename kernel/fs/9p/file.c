/* SPDX-License-Identifier: Apache-2.0 */
/* What inodes of a share can do: look up and list, read pages and links. */
#include "kernel/file/file.h"
#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "abi/p9/p9.h"
#include "kernel/arch/mmu.h"
#include "kernel/fs/9p/client.h"
#include "kernel/fs/9p/node.h"
#include "kernel/fs/9p/wire.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

static struct p9_client *client_of(struct inode *inode)
{
    return &p9_mount_of(inode)->client;
}

static void release(struct inode *inode)
{
    struct p9_node *node = p9_node_of(inode);

    page_cache_fini(&inode->cache);
    p9_clunk(client_of(inode), node->fid);
    if (node->open_fid != P9_NO_FID)
        p9_clunk(client_of(inode), node->open_fid);
    heap_free(node);
}

/* ---- Directories. ---- */

static int dir_lookup(struct inode *dir, const char *name, u32 len, struct inode **inode)
{
    struct p9_qid qid;
    u32 fid;
    int err = p9_walk(client_of(dir), p9_node_of(dir)->fid, name, len, &fid, &qid);

    if (err < 0)
        return err;
    return p9_node_get(p9_mount_of(dir), fid, &qid, inode);
}

/* Hands on the entries of one piece. 1: all of them; 0: enough; or an error. */
static int piece_emit(const u8 *bytes, u32 len, u64 *off, dir_emit_fn *emit, void *arg)
{
    struct p9_reader in = { .bytes = bytes, .len = len };
    struct p9_entry entry;
    int result = p9_read_entry(&in, &entry);

    while (result == 1) {
        if (!emit(arg, entry.name, entry.name_len, entry.qid.path, entry.next_off, entry.type))
            return 0;
        *off = entry.next_off;
        result = p9_read_entry(&in, &entry);
    }
    return result < 0 ? result : 1;
}

static int dir_list(struct inode *dir, u64 off, dir_emit_fn *emit, void *arg)
{
    u8 *bytes = heap_alloc(P9_DIRECTORY_SIZE);
    u32 fid;
    long len;
    int result = bytes ? p9_node_open(p9_node_of(dir), &fid) : -ENOMEM;

    if (result == 0)
        result = 1;
    while (result == 1) {
        u64 before = off;

        len = p9_readdir(client_of(dir), fid, off, bytes);
        result = len <= 0 ? (int)len : piece_emit(bytes, (u32)len, &off, emit, arg);
        if (result == 1 && off == before)
            result = -EIO; /* It would never end. */
    }
    heap_free(bytes);
    return result;
}

const struct inode_ops p9_directory_ops = {
    .lookup = dir_lookup,
    .list = dir_list,
    .release = release,
};

/* ---- Files. ---- */

static void zero_rest(struct page **pages, u32 count, u64 from)
{
    for (u64 off = from; off < (u64)count * PAGE_SIZE;) {
        u32 in_page = (u32)(off % PAGE_SIZE);

        mem_zero((u8 *)page_virt(pages[off / PAGE_SIZE]) + in_page, PAGE_SIZE - in_page);
        off += PAGE_SIZE - in_page;
    }
}

static int cache_read(struct page_cache *cache, u64 index, struct page **pages, u32 count)
{
    struct inode *inode = cache->inode;
    u64 off = index * PAGE_SIZE;
    u64 size = inode_size(inode);
    u32 fid;
    long got = 0;
    int err = p9_node_open(p9_node_of(inode), &fid);

    if (err < 0)
        return err;
    if (off < size)
        got = p9_read_pages(client_of(inode), fid, off, pages, count);
    if (got < 0)
        return (int)got;
    /* What lies beyond the end is zero, also where the host's file has grown meanwhile. */
    zero_rest(pages, count, off < size ? u64_min((u64)got, size - off) : 0);
    return 0;
}

const struct page_cache_ops p9_cache_ops = {
    .read = cache_read,
};

static long other_readlink(struct inode *inode, char *target, size_t size)
{
    if (inode_type(inode) != S_IFLNK)
        return -EINVAL;
    return p9_readlink(client_of(inode), p9_node_of(inode)->fid, target, size);
}

const struct inode_ops p9_other_ops = {
    .readlink = other_readlink,
    .release = release,
};
