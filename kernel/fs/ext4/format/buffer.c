/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/ext4/format/buffer.h"

#include "abi/linux/errors.h"
#include "kernel/core/spinlock.h"
#include "kernel/fs/ext4/format/ext4_format.h"
#include "kernel/fs/ext4/format/fs.h"
#include "kernel/mm/heap.h"

void ext4_buffers_init(struct ext4_buffers *buffers) LOCK_INTERNALS
{
    mutex_init(&buffers->lock, LOCK_RANK_FS);
    for (u32 i = 0; i < EXT4_BUFFER_BUCKETS; i++)
        list_init(&buffers->hash[i]);
    list_init(&buffers->lru);
    buffers->count = 0;
}

static void free_buffer(struct ext4_buffers *buffers, struct ext4_buffer *buffer)
    HOLDS(&buffers->lock)
{
    list_remove(&buffer->hash_link);
    list_remove(&buffer->lru_link);
    buffers->count--;
    heap_free((void *)(uintptr_t)buffer->data);
    heap_free(buffer);
}

void ext4_buffers_fini(struct ext4_buffers *buffers) LOCK_INTERNALS
{
    while (!list_is_empty(&buffers->lru))
        free_buffer(buffers, LIST_ENTRY(buffers->lru.next, struct ext4_buffer, lru_link));
}

static struct list *bucket_of(struct ext4_buffers *buffers, u64 block) HOLDS(&buffers->lock)
{
    return &buffers->hash[block % EXT4_BUFFER_BUCKETS];
}

static struct ext4_buffer *find(struct ext4_buffers *buffers, u64 block) HOLDS(&buffers->lock)
{
    struct list *bucket = bucket_of(buffers, block);
    struct list *node;

    LIST_FOR_EACH (bucket, node) {
        struct ext4_buffer *buffer = LIST_ENTRY(node, struct ext4_buffer, hash_link);

        if (buffer->block == block)
            return buffer;
    }
    return NULL;
}

/* Frees what is unused and too much, oldest first. */
static void evict(struct ext4_buffers *buffers) HOLDS(&buffers->lock)
{
    struct list *node;
    struct list *after;

    LIST_FOR_EACH_SAFE (&buffers->lru, node, after) {
        struct ext4_buffer *buffer = LIST_ENTRY(node, struct ext4_buffer, lru_link);

        if (buffers->count <= EXT4_BUFFERS_MAX)
            break;
        if (buffer->refs == 0)
            free_buffer(buffers, buffer);
    }
}

static int load(struct ext4_fs *fs, u64 block, struct ext4_buffer **result)
{
    struct ext4_buffer *buffer = heap_alloc_zero(sizeof(*buffer));
    u8 *data = heap_alloc(fs->block_size);
    int err = -ENOMEM;

    if (buffer && data)
        err = fs->disk.read(fs->disk.context, block << fs->block_shift, data, fs->block_size);
    if (err < 0) {
        heap_free(data);
        heap_free(buffer);
        return err;
    }
    buffer->block = block;
    buffer->data = data;
    *result = buffer;
    return 0;
}

int ext4_buffer_get(struct ext4_fs *fs, u64 block, struct ext4_buffer **result)
{
    struct ext4_buffers *buffers = &fs->buffers;
    struct ext4_buffer *buffer;
    int err = 0;

    mutex_lock(&buffers->lock);
    buffer = find(buffers, block);
    if (buffer) {
        list_remove(&buffer->lru_link);
    } else {
        err = load(fs, block, &buffer);
        if (err < 0)
            goto unlock;
        list_push_front(bucket_of(buffers, block), &buffer->hash_link);
        buffers->count++;
    }
    buffer->refs++;
    list_push_back(&buffers->lru, &buffer->lru_link);
    evict(buffers);
    *result = buffer;
unlock:
    mutex_unlock(&buffers->lock);
    return err;
}

void ext4_buffer_put(struct ext4_fs *fs, struct ext4_buffer *buffer)
{
    mutex_lock(&fs->buffers.lock);
    buffer->refs--;
    mutex_unlock(&fs->buffers.lock);
}
