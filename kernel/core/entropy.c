/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers. One pool key takes in what the machine offers; each CPU has a generator of its
 * own, keyed from the pool, so asking takes no lock.
 *
 * Fast key erasure: a generator makes REFILL_BLOCKS blocks at a time; the first 32 bytes become its
 * next key, the rest is handed out and wiped. Who reads the memory later learns nothing of what was
 * given out before. A generator takes a new key from the pool whenever the pool has changed.
 */
#include "kernel/core/entropy.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/power.h"
#include "kernel/core/chacha20.h"
#include "kernel/core/spinlock.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum {
    KEY_SIZE = 32,
    REFILL_BLOCKS = 4,
    REFILL_SIZE = REFILL_BLOCKS * CHACHA20_BLOCK_SIZE,
    ENOUGH_BYTES = 64, /* From outside: twice the key. */
};

struct key {
    u32 words[CHACHA20_KEY_WORDS];
};
static_assert(sizeof(struct key) == KEY_SIZE, "");

struct generator {
    struct key key;
    u64 generation; /* Of the pool when the key was taken; 0: never. */
    u32 left;       /* Bytes at the end of `bytes` not given out yet. */
    u8 bytes[REFILL_SIZE];
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_ENTROPY);
static struct key pool;                       /* Under `lock`. */
static u64 pool_generation = 1;               /* [atomic] Grows under `lock`. */
static u64 pool_bytes;                        /* [atomic] Taken in from outside. */
static struct generator generators[CPUS_MAX]; /* [irq] */

static const u32 no_nonce[CHACHA20_NONCE_WORDS];

/* `key` becomes one from which the old cannot be found; `spare` may be NULL and gets as much. */
static void turn(struct key *key, struct key *spare)
{
    u8 block[CHACHA20_BLOCK_SIZE];

    chacha20_block(key->words, 0, no_nonce, block);
    mem_copy(key, block, KEY_SIZE);
    if (spare)
        mem_copy(spare, block + KEY_SIZE, KEY_SIZE);
    mem_zero(block, sizeof(block));
    __asm__ volatile("" : : "r"(block) : "memory"); /* Or the wiping would be left out. */
}

static void mix(const u8 *bytes, size_t len)
{
    spin_lock(&lock);
    while (len > 0) {
        size_t part = size_min(len, KEY_SIZE);
        u8 *key = (u8 *)&pool;

        for (size_t i = 0; i < part; i++)
            key[i] ^= bytes[i];
        turn(&pool, NULL);
        bytes += part;
        len -= part;
    }
    __atomic_fetch_add(&pool_generation, 1, __ATOMIC_RELAXED);
    spin_unlock(&lock);
}

void entropy_init(void)
{
    u64 words[KEY_SIZE / sizeof(u64)];

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        words[i] = 0;
        if (machine_random(&words[i]))
            __atomic_fetch_add(&pool_bytes, sizeof(words[i]), __ATOMIC_RELAXED);
        words[i] ^= cpu_cycles();
    }
    mix((const u8 *)words, sizeof(words));
}

void entropy_add(const void *bytes, size_t len)
{
    u64 cycles = cpu_cycles();

    mix(bytes, len);
    mix((const u8 *)&cycles, sizeof(cycles));
    __atomic_fetch_add(&pool_bytes, len, __ATOMIC_RELAXED);
}

bool entropy_wanted(void)
{
    return __atomic_load_n(&pool_bytes, __ATOMIC_RELAXED) < ENOUGH_BYTES;
}

static void rekey(struct generator *generator)
{
    struct key fresh;

    spin_lock(&lock);
    turn(&pool, &fresh);
    generator->generation = __atomic_load_n(&pool_generation, __ATOMIC_RELAXED);
    spin_unlock(&lock);
    for (size_t i = 0; i < CHACHA20_KEY_WORDS; i++)
        generator->key.words[i] ^= fresh.words[i];
    generator->key.words[0] ^= (u32)cpu_cycles();
    generator->left = 0;
}

static void refill(struct generator *generator)
{
    for (u32 i = 0; i < REFILL_BLOCKS; i++) {
        chacha20_block(generator->key.words, i, no_nonce,
                       generator->bytes + (size_t)i * CHACHA20_BLOCK_SIZE);
    }
    mem_copy(&generator->key, generator->bytes, KEY_SIZE);
    mem_zero(generator->bytes, KEY_SIZE);
    generator->left = REFILL_SIZE - KEY_SIZE;
}

/* Interrupts are off. */
static void take(u8 *to, size_t len)
{
    struct generator *generator = &generators[cpu_id()];

    if (generator->generation != __atomic_load_n(&pool_generation, __ATOMIC_RELAXED))
        rekey(generator);
    while (len > 0) {
        size_t part;
        u8 *from;

        if (generator->left == 0)
            refill(generator);
        part = size_min(len, generator->left);
        from = generator->bytes + REFILL_SIZE - generator->left;
        mem_copy(to, from, part);
        mem_zero(from, part);
        generator->left -= (u32)part;
        to += part;
        len -= part;
    }
}

void random_bytes(void *bytes, size_t len)
{
    u8 *to = bytes;

    while (len > 0) {
        size_t part = size_min(len, REFILL_SIZE); /* Interrupts get in between. */
        bool irq_was_on = irq_save();

        take(to, part);
        irq_restore(irq_was_on);
        to += part;
        len -= part;
    }
}

u64 random_u64(void)
{
    u64 value;

    random_bytes(&value, sizeof(value));
    return value;
}

u64 random_below(u64 bound)
{
    u64 unfair = (0 - bound) % bound; /* 2^64 mod bound: that many values are one too many. */
    u64 value = random_u64();

    while (value < unfair)
        value = random_u64();
    return value % bound;
}
