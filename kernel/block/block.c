/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of disks and partitions, and the checks between filesystems and drivers.
 *
 * Devices are added while the machine boots, by one thread, and never go: the table needs no lock.
 */
#include "kernel/block/block.h"

#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/block/gpt.h"
#include "kernel/core/log.h"
#include "kernel/core/wait.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

enum {
    READ_PIECE_MAX = 32768, /* Of block_read(): one block of pages. */
    WAIT_QUEUES = 16,       /* A power of two. Waiters are spread over so many. */
};

static struct block_device *devices[BLOCK_DEVICES_MAX];
static u32 device_count;

/*
 * Where block_wait() sleeps. Not on the waiter's stack: it may be gone as soon as it sees that the
 * request is done, while the completion still holds the queue.
 */
static struct wait_queue wait_queues[WAIT_QUEUES];

static struct wait_queue *queue_of(const struct block_request *request)
{
    return &wait_queues[((uintptr_t)request >> 6) & (WAIT_QUEUES - 1)];
}

static void init_once(void)
{
    if (device_count > 0)
        return;
    for (u32 i = 0; i < WAIT_QUEUES; i++)
        wait_queue_init(&wait_queues[i]);
}

static void log_device(const struct block_device *device)
{
    log_info("%s: %llu KiB%s%s%s", device->name, (unsigned long long)device->sector_count / 2,
             device->read_only ? ", read-only" : "", device->label[0] ? ", " : "", device->label);
}

static void add_partition(void *arg, const struct gpt_partition *found)
{
    struct block_device *whole = arg;
    struct block_device *part;
    size_t len = str_len(whole->name);
    bool digit = len > 0 && whole->name[len - 1] >= '0' && whole->name[len - 1] <= '9';
    struct text name;

    if (device_count == BLOCK_DEVICES_MAX) {
        log_warn("%s: too many disks and partitions, number %u is left out", whole->name,
                 found->number);
        return;
    }
    part = heap_alloc_zero(sizeof(*part));
    if (!part) {
        log_warn("%s: no memory for partition %u", whole->name, found->number);
        return;
    }
    text_init(&name, part->name, sizeof(part->name));
    text_format(&name, "%s%s%u", whole->name, digit ? "p" : "", found->number);
    part->sector_count = found->sector_count;
    part->first_sector = found->first_sector;
    part->segments_max = whole->segments_max;
    part->request_bytes_max = whole->request_bytes_max;
    part->read_only = whole->read_only;
    part->whole = whole;
    mem_copy(part->type_guid, found->type_guid, sizeof(part->type_guid));
    mem_copy(part->part_guid, found->part_guid, sizeof(part->part_guid));
    str_copy(part->label, sizeof(part->label), found->label);
    devices[device_count++] = part;
    log_device(part);
}

static int read_sectors(void *context, u64 sector, u32 count, void *to)
{
    return block_read(context, sector * BLOCK_SECTOR_SIZE, to, (size_t)count * BLOCK_SECTOR_SIZE);
}

int block_register(struct block_device *device)
{
    struct gpt_disk disk = { device, device->sector_count, read_sectors };
    u32 flags;
    int err;

    init_once();
    if (device_count == BLOCK_DEVICES_MAX)
        return -ENOSPC;
    devices[device_count++] = device;
    log_device(device);

    /* A disk without partitions, or with damaged ones, is a disk all the same. */
    err = gpt_read(&disk, add_partition, device, &flags);
    if (err < 0 && err != -ENOENT) {
        log_warn("%s: cannot read its partitions: error %d", device->name, -err);
    } else if (err == 0 && (flags & GPT_USED_BACKUP)) {
        log_warn("%s: partition table damaged, its backup is used", device->name);
    }
    return 0;
}

struct block_device *block_at(u32 index)
{
    return index < device_count ? devices[index] : NULL;
}

struct block_device *block_find(const char *name)
{
    for (u32 i = 0; i < device_count; i++) {
        if (str_equal(devices[i]->name, name))
            return devices[i];
    }
    return NULL;
}

struct block_device *block_find_type(const u8 type_guid[16])
{
    for (u32 i = 0; i < device_count; i++) {
        if (devices[i]->whole && mem_equal(devices[i]->type_guid, type_guid, 16))
            return devices[i];
    }
    return NULL;
}

/* What is wrong with a request for `device`, or 0. */
static int request_error(const struct block_device *device, const struct block_request *request)
{
    u64 bytes = 0;
    u64 sectors;

    if (request->op == BLOCK_FLUSH)
        return 0;
    if (request->op == BLOCK_WRITE && device->read_only)
        return -EROFS;
    if (request->segment_count == 0 || request->segment_count > BLOCK_SEGMENTS_MAX ||
        request->segment_count > device->segments_max)
        return -EINVAL;
    for (u32 i = 0; i < request->segment_count; i++) {
        u32 len = request->segments[i].len;

        if (len == 0 || len % BLOCK_SECTOR_SIZE != 0)
            return -EINVAL;
        bytes += len;
    }
    if (bytes > device->request_bytes_max)
        return -EINVAL;
    sectors = bytes / BLOCK_SECTOR_SIZE;
    if (sectors > device->sector_count || request->sector > device->sector_count - sectors)
        return -EIO;
    return 0;
}

static void count_request(struct block_stats *stats, const struct block_request *request)
{
    bool is_read = request->op == BLOCK_READ;
    u64 bytes = 0;

    if (request->op == BLOCK_FLUSH)
        return;
    for (u32 i = 0; i < request->segment_count; i++)
        bytes += request->segments[i].len;
    __atomic_fetch_add(is_read ? &stats->reads : &stats->writes, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(is_read ? &stats->read_bytes : &stats->written_bytes, bytes,
                       __ATOMIC_RELAXED);
}

void block_submit(struct block_device *device, struct block_request *request)
{
    int err = request_error(device, request);

    list_init(&request->link);
    if (err < 0) {
        request->status = err;
        request->done(request);
        return;
    }
    if (device->whole) {
        request->sector += device->first_sector;
        device = device->whole;
    }
    count_request(&device->stats, request);
    device->driver->submit(device, request);
}

static void wake_waiter(struct block_request *request)
{
    struct wait_queue *queue = queue_of(request);
    bool *done = request->arg;

    /* The request may be gone with this store. Pairs with the acquire in block_wait(). */
    __atomic_store_n(done, true, __ATOMIC_RELEASE);
    wait_wake_all(queue, 0);
}

int block_wait(struct block_device *device, struct block_request *request)
{
    struct waiter waiter;
    bool done = false;

    request->done = wake_waiter;
    request->arg = &done; /* cppcheck-suppress autoVariables ; it is over before we return. */
    wait_begin(queue_of(request), &waiter, 0);
    block_submit(device, request);
    /* Pairs with the release in wake_waiter(). Without a deadline only a wake-up ends a sleep. */
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
        if (wait_block_uninterruptible(&waiter, UINT64_MAX) < 0)
            continue;
    }
    wait_end(&waiter);
    return request->status;
}

/* Reads into `page`, then copies: `to` may be any memory, and these reads are small. */
static int read_piece(struct block_device *device, struct block_request *request, u64 off,
                      struct page *page, u8 *to, u32 size)
{
    int err;

    request->op = BLOCK_READ;
    request->sector = off / BLOCK_SECTOR_SIZE;
    request->segment_count = 1;
    request->segments[0] = (struct block_segment){ page, 0, size };
    err = block_wait(device, request);
    if (err == 0)
        mem_copy(to, page_virt(page), size);
    return err;
}

static int read_pieces(struct block_device *device, struct page *page, u32 piece_max, u64 off,
                       u8 *to, size_t size)
{
    struct block_request *request = heap_alloc_zero(sizeof(*request));
    int err = request ? 0 : -ENOMEM;

    while (size > 0 && err == 0) {
        u32 piece = (u32)size_min(size, piece_max);

        err = read_piece(device, request, off, page, to, piece);
        off += piece;
        to += piece;
        size -= piece;
    }
    heap_free(request);
    return err;
}

int block_read(struct block_device *device, u64 off, void *to, size_t size)
{
    u32 piece_max = (u32)align_down(device->request_bytes_max, BLOCK_SECTOR_SIZE);
    struct page *page;
    u32 order;
    int err;

    if (off % BLOCK_SECTOR_SIZE != 0 || size % BLOCK_SECTOR_SIZE != 0 || piece_max == 0)
        return -EINVAL;
    if (size == 0)
        return 0;
    piece_max = u32_min(piece_max, (u32)size_min(size, READ_PIECE_MAX));
    order = log2_ceil((piece_max + PAGE_SIZE - 1) >> PAGE_SHIFT);
    page = page_alloc(order, 0);
    if (!page)
        return -ENOMEM;
    err = read_pieces(device, page, piece_max, off, to, size);
    page_free(page);
    return err;
}
