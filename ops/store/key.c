/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/key.h"

#include "host/err.h"
#include "host/file.h"
#include "host/sha256.h"
#include "host/xmem.h"
#include "host/xxh64.h"
#include "ops/image/image.h"
#include "ops/image/tree.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    FORMAT = 3, /* To be raised when the same inputs give other images. */
    /* A filesystem's clock moves on with the timer: every 10 ms where that is slowest. */
    CLOCK_STEP_NS = 20000000,
    TRIES = 3,
    PACKED_STEP = 65536,
};

/*
 * Names and stamps of files, thousands of them, go into a fast hash first: it is 128 bits wide, and
 * nobody chooses inodes and times of change to make two sets of files look alike. Texts, which come
 * from the user, go into the slow one.
 */
struct maker {
    struct sha256 sha;
    uint8_t *packed; /* What the fast hash is over. */
    size_t packed_size;
    size_t packed_room;
    bool looks_again;       /* At files of the tree. */
    struct timespec newest; /* Change of all files. */
};

static void pack(struct maker *maker, const void *bytes, size_t size)
{
    if (maker->packed_room - maker->packed_size < size) {
        maker->packed_room = maker->packed_room * 2 + size + PACKED_STEP;
        maker->packed = xrealloc(maker->packed, maker->packed_room, 1);
    }
    memcpy(maker->packed + maker->packed_size, bytes, size);
    maker->packed_size += size;
}

/* Moves what was packed so far on into the key. */
static void packed_add(struct maker *maker)
{
    uint64_t sums[3] = { maker->packed_size };

    for (uint64_t seed = 0; seed < 2; seed++)
        sums[1 + seed] = xxh64(maker->packed, maker->packed_size, seed);
    sha256_add(&maker->sha, sums, sizeof(sums));
    maker->packed_size = 0;
}

static bool is_later(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

static void stamp_add(struct maker *maker, const struct tree_stamp *stamp)
{
    struct timespec changed = { .tv_sec = stamp->changed_s, .tv_nsec = stamp->changed_ns };

    pack(maker, stamp, sizeof(*stamp));
    if (is_later(changed, maker->newest))
        maker->newest = changed;
}

static int file_add(struct maker *maker, const char *path, struct err *err)
{
    struct tree_stamp stamp;
    struct stat st;

    if (stat(path, &st) < 0)
        return err_set_errno(err, "cannot read '%s'", path);
    tree_stamp_set(&stamp, &st);
    stamp_add(maker, &stamp);
    return 0;
}

static void text_add(struct maker *maker, const char *text)
{
    sha256_add(&maker->sha, text, strlen(text) + 1);
}

/* A node by its name and depth: parents come first, so its path is told. */
static int node_add(struct tree_node *node, void *context, struct err *err)
{
    struct maker *maker = context;
    uint32_t head[4] = { node->type, node->mode, (uint32_t)node->child_count,
                         node->source != NULL };

    pack(maker, head, sizeof(head));
    pack(maker, node->name, strlen(node->name) + 1);
    if (node->source && maker->looks_again)
        return file_add(maker, node->source, err);
    if (node->source)
        stamp_add(maker, &node->stamp);
    if (node->text) {
        sha256_add(&maker->sha, &node->size, sizeof(node->size));
        sha256_add(&maker->sha, node->text, node->size);
    }
    return 0;
}

/* Of this start of the machine. */
static void boot_add(struct maker *maker)
{
    char *text = file_read_text("/proc/sys/kernel/random/boot_id", 64);

    text_add(maker, text ? text : "");
    free(text);
}

static int all_add(struct maker *maker, const struct image_spec *spec, struct err *err)
{
    uint64_t head[3] = { FORMAT, image_epoch(), spec->root_size_min };
    int status;

    maker->packed_size = 0;
    sha256_init(&maker->sha);
    maker->newest = (struct timespec){ 0 };
    sha256_add(&maker->sha, head, sizeof(head));
    boot_add(maker);
    if (file_add(maker, "/proc/self/exe", err) < 0 || file_add(maker, spec->kernel, err) < 0 ||
        (spec->loader && file_add(maker, spec->loader, err) < 0))
        return -1;
    status = tree_walk(spec->tree, node_add, maker, err);
    packed_add(maker);
    return status;
}

/* Whether a file changed so lately that its clock may not have moved since. */
static bool is_fresh(const struct maker *maker)
{
    struct timespec now;
    int64_t age_ns;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec - maker->newest.tv_sec > 1)
        return false;
    age_ns =
        (now.tv_sec - maker->newest.tv_sec) * 1000000000LL + now.tv_nsec - maker->newest.tv_nsec;
    return age_ns >= 0 && age_ns < CLOCK_STEP_NS;
}

static int digest_make(struct maker *maker, const struct image_spec *spec, struct err *err)
{
    for (int i = 0; i < TRIES; i++) {
        struct timespec step = { .tv_nsec = CLOCK_STEP_NS };

        if (all_add(maker, spec, err) < 0)
            return -1;
        if (!is_fresh(maker))
            break;
        (void)nanosleep(&step, NULL);
        maker->looks_again = true;
    }
    return 0;
}

int key_make(char key[KEY_SIZE], const struct image_spec *spec, bool looks_again, struct err *err)
{
    struct maker maker = { .looks_again = looks_again };
    uint8_t digest[SHA256_SIZE];
    int status = digest_make(&maker, spec, err);

    free(maker.packed);
    if (status < 0)
        return -1;
    sha256_finish(&maker.sha, digest);
    for (size_t i = 0; i < SHA256_SIZE; i++)
        snprintf(key + 2 * i, 3, "%02x", digest[i]);
    return 0;
}
