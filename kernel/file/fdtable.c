/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors live in chunks that are allocated when first needed and never move, so fdtable_get()
 * takes no lock: it reads the slot, tries for a reference, and looks whether the slot still says
 * the same (kernel/file/file.h tells why that is safe). Changes are under the lock.
 */
#include "kernel/file/fdtable.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/spinlock.h"
#include "kernel/file/file.h"
#include "kernel/mm/heap.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    CHUNK_SLOTS = 1024,
    CHUNK_WORDS = CHUNK_SLOTS / 64,
    CHUNKS_MAX = FDTABLE_SIZE_MAX / CHUNK_SLOTS,
    SLOT_CLOEXEC = 1, /* Lowest bit of a slot; the rest is the address of the file. */
};

struct fd_chunk {
    u64 slots[CHUNK_SLOTS]; /* [atomic] 0: free. Changed under the table's lock. */
    u64 used[CHUNK_WORDS];  /* A bit for each slot in use. */
    u32 used_count;
};

struct fdtable {
    struct spinlock lock;                /* LOCK_RANK_FDTABLE. */
    struct fd_chunk *chunks[CHUNKS_MAX]; /* [atomic] Set once. */
    u64 limit;                           /* [atomic] Soft RLIMIT_NOFILE. */
    struct fd_chunk first;               /* Most programs need no other. */
};

static struct fdtable program_table;

struct fdtable *current_fdtable(void)
{
    return &program_table;
}

void fdtable_init(struct fdtable *table)
{
    mem_zero(table, sizeof(*table));
    spinlock_init(&table->lock, LOCK_RANK_FDTABLE);
    table->chunks[0] = &table->first;
    table->limit = FDTABLE_SIZE_DEFAULT;
}

static struct file *slot_file(u64 slot)
{
    return (struct file *)(uintptr_t)(slot & ~(u64)SLOT_CLOEXEC); /* NOLINT: packed on purpose. */
}

static u64 slot_make(struct file *file, bool cloexec)
{
    return file ? (u64)(uintptr_t)file | (cloexec ? SLOT_CLOEXEC : 0) : 0;
}

static struct fd_chunk *chunk_of(struct fdtable *table, int fd)
{
    u64 index;

    if (fd < 0 || fd >= FDTABLE_SIZE_MAX)
        return NULL;
    index = index_clamp((u64)fd, FDTABLE_SIZE_MAX) / CHUNK_SLOTS;
    return __atomic_load_n(&table->chunks[index], __ATOMIC_ACQUIRE); /* With chunk_add(). */
}

struct file *fdtable_get(struct fdtable *table, int fd)
{
    struct fd_chunk *chunk = chunk_of(table, fd);
    struct file *file;
    u64 *slot;

    if (!chunk)
        return NULL;
    slot = &chunk->slots[fd % CHUNK_SLOTS];

    for (;;) {
        file = slot_file(__atomic_load_n(slot, __ATOMIC_ACQUIRE)); /* With slot_set(). */
        if (!file)
            return NULL;
        if (!file_try_get(file))
            continue; /* Closed this moment: the slot is about to change or has. */
        if (slot_file(__atomic_load_n(slot, __ATOMIC_ACQUIRE)) == file)
            return file;
        file_put(file);
    }
}

struct file *fdtable_get_opened(struct fdtable *table, int fd)
{
    struct file *file = fdtable_get(table, fd);

    if (!file || !(file_flags(file) & FILE_PATH))
        return file;
    file_put(file);
    return NULL;
}

static void slot_set(struct fd_chunk *chunk, int fd, u64 value)
{
    u32 index = (u32)fd % CHUNK_SLOTS;
    u64 bit = (u64)1 << (index % 64);
    bool was_used = (chunk->used[index / 64] & bit) != 0;

    if (value && !was_used) {
        chunk->used[index / 64] |= bit;
        chunk->used_count++;
    } else if (!value && was_used) {
        chunk->used[index / 64] &= ~bit;
        chunk->used_count--;
    }
    /* The file is complete before anybody finds it. Pairs with fdtable_get(). */
    __atomic_store_n(&chunk->slots[index], value, __ATOMIC_RELEASE);
}

/* Makes sure that the chunk of `fd`, which is in range, exists. */
static int chunk_add(struct fdtable *table, int fd)
{
    struct fd_chunk *chunk;
    struct fd_chunk *none = NULL;

    if (chunk_of(table, fd))
        return 0;
    chunk = heap_alloc_zero(sizeof(*chunk));
    if (!chunk)
        return -ENOMEM;
    /* Release: its zeros come before its address. */
    if (!__atomic_compare_exchange_n(&table->chunks[fd / CHUNK_SLOTS], &none, chunk, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        heap_free(chunk); /* Somebody else was faster. */
    return 0;
}

/* The first free slot of `chunk` at or after `from`; CHUNK_SLOTS when there is none. */
static u32 chunk_find_free(const struct fd_chunk *chunk, u32 from)
{
    u32 word = from / 64;
    u64 unused = ~chunk->used[word] & (~(u64)0 << (from % 64));

    while (!unused) {
        word++;
        if (word == CHUNK_WORDS)
            return CHUNK_SLOTS;
        unused = ~chunk->used[word];
    }
    return word * 64 + (u32)__builtin_ctzll(unused);
}

/*
 * The lowest free descriptor at or above `from`, which is in range; the limit when there is none.
 */
static u64 find_free(struct fdtable *table, u32 from, u64 limit) HOLDS(&table->lock)
{
    u32 start = from % CHUNK_SLOTS;

    for (u32 i = from / CHUNK_SLOTS; i < CHUNKS_MAX; i++) {
        const struct fd_chunk *chunk = table->chunks[i];
        u32 index = start;

        if (chunk && chunk->used_count == CHUNK_SLOTS) {
            index = CHUNK_SLOTS;
        } else if (chunk) {
            index = chunk_find_free(chunk, start);
        }
        if (index < CHUNK_SLOTS)
            return u64_min((u64)i * CHUNK_SLOTS + index, limit);
        start = 0;
    }
    return limit;
}

int fdtable_insert(struct fdtable *table, struct file *file, int from, bool cloexec)
{
    u64 limit = fdtable_limit(table);
    struct fd_chunk *chunk;
    u64 fd;

    if (from < 0 || (u64)from >= limit)
        return from == 0 ? -EMFILE : -EINVAL;

    for (;;) {
        spin_lock(&table->lock);
        fd = find_free(table, (u32)from, limit);
        if (fd >= limit) {
            spin_unlock(&table->lock);
            return -EMFILE;
        }
        chunk = table->chunks[fd / CHUNK_SLOTS];
        if (chunk)
            slot_set(chunk, (int)fd, slot_make(file, cloexec));
        spin_unlock(&table->lock);

        if (chunk)
            return (int)fd;
        if (chunk_add(table, (int)fd) < 0)
            return -ENOMEM;
    }
}

bool fdtable_is_full(struct fdtable *table)
{
    u64 limit = fdtable_limit(table);
    bool is_full;

    spin_lock(&table->lock);
    is_full = find_free(table, 0, limit) >= limit;
    spin_unlock(&table->lock);
    return is_full;
}

int fdtable_replace(struct fdtable *table, int fd, struct file *file, bool cloexec,
                    struct file **displaced)
{
    struct fd_chunk *chunk;

    *displaced = NULL;
    if (fd < 0 || fd >= FDTABLE_SIZE_MAX || (file && (u64)fd >= fdtable_limit(table)))
        return -EBADF;
    if (file && chunk_add(table, fd) < 0)
        return -ENOMEM;
    chunk = chunk_of(table, fd);
    if (!chunk)
        return 0; /* Nothing there, and nothing to put there. */

    spin_lock(&table->lock);
    *displaced = slot_file(chunk->slots[fd % CHUNK_SLOTS]);
    slot_set(chunk, fd, slot_make(file, cloexec));
    spin_unlock(&table->lock);
    return 0;
}

int fdtable_get_cloexec(struct fdtable *table, int fd)
{
    struct fd_chunk *chunk = chunk_of(table, fd);
    u64 slot = chunk ? __atomic_load_n(&chunk->slots[fd % CHUNK_SLOTS], __ATOMIC_RELAXED) : 0;

    if (!slot)
        return -EBADF;
    return (slot & SLOT_CLOEXEC) != 0;
}

int fdtable_set_cloexec(struct fdtable *table, int fd, bool cloexec)
{
    struct fd_chunk *chunk = chunk_of(table, fd);
    struct file *file;

    if (!chunk)
        return -EBADF;
    spin_lock(&table->lock);
    file = slot_file(chunk->slots[fd % CHUNK_SLOTS]);
    if (file)
        slot_set(chunk, fd, slot_make(file, cloexec));
    spin_unlock(&table->lock);
    return file ? 0 : -EBADF;
}

static int chunk_next_used(const struct fd_chunk *chunk, u32 from)
{
    for (u32 word = from / 64; word < CHUNK_WORDS; word++) {
        u64 used = chunk->used[word];

        if (word == from / 64)
            used &= ~(u64)0 << (from % 64);
        if (used)
            return (int)(word * 64 + (u32)__builtin_ctzll(used));
    }
    return -1;
}

int fdtable_next(struct fdtable *table, int from)
{
    u32 start = from < 0 ? 0 : (u32)from;

    for (u32 i = start / CHUNK_SLOTS; i < CHUNKS_MAX; i++) {
        struct fd_chunk *chunk = chunk_of(table, (int)(i * CHUNK_SLOTS));
        int index = -1;

        if (chunk) {
            spin_lock(&table->lock);
            index = chunk_next_used(chunk, i == start / CHUNK_SLOTS ? start % CHUNK_SLOTS : 0);
            spin_unlock(&table->lock);
        }
        if (index >= 0)
            return (int)(i * CHUNK_SLOTS) + index;
    }
    return -1;
}

u64 fdtable_limit(struct fdtable *table)
{
    return __atomic_load_n(&table->limit, __ATOMIC_RELAXED); /* A number by itself. */
}

void fdtable_set_limit(struct fdtable *table, u64 limit)
{
    __atomic_store_n(&table->limit, u64_min(limit, FDTABLE_SIZE_MAX), __ATOMIC_RELAXED);
}

void fdtable_close_all(struct fdtable *table)
{
    struct file *file;

    for (int fd = fdtable_next(table, 0); fd >= 0; fd = fdtable_next(table, fd + 1)) {
        if (fdtable_replace(table, fd, NULL, false, &file) == 0 && file)
            file_put(file);
    }
}
