/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/facts.h"

#include "host/err.h"
#include "host/file.h"
#include "host/new_file.h"
#include "host/xmem.h"
#include "host/xxh64.h"
#include "ops/image/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FORMAT = 1,
    ALIGN = 8,
    SLOTS_MIN = 1024,  /* A power of two. */
    QUIET_SECONDS = 2, /* The clocks of all filesystems have moved on by then. */
    WRITE_SECONDS_MAX = 60,
};

/* In the file and in memory, followed by `size` bytes of text and up to the next multiple of 8. */
struct record {
    struct tree_stamp stamp;
    uint32_t kind;
    uint32_t size;
};

/* In front of the records. */
struct head {
    uint64_t owner; /* Who may use it: see owner_make(). */
    uint64_t size;  /* Of the records. */
    uint64_t sum;   /* Over the records. */
};

struct facts {
    char *path;
    uint64_t owner;
    uint8_t *bytes; /* Records. */
    size_t size;
    size_t room;
    uint32_t *slots; /* Where a record begins, and 1 more; 0: free. */
    size_t slot_count;
    size_t count;
    bool is_changed;
};

/* This ops, since this start of the machine: a power cut may tear the file, and move devices. */
static uint64_t owner_make(void)
{
    char *boot = file_read_text("/proc/sys/kernel/random/boot_id", 64);
    struct tree_stamp stamp = { 0 };
    struct stat st;
    uint64_t owner;

    if (stat("/proc/self/exe", &st) == 0)
        tree_stamp_set(&stamp, &st);
    owner = xxh64(&stamp, sizeof(stamp), boot ? xxh64(boot, strlen(boot), FORMAT) : FORMAT);
    free(boot);
    return owner;
}

static const struct record *record_at(const struct facts *facts, size_t off)
{
    return (const struct record *)(const void *)(facts->bytes + off);
}

static size_t record_size(size_t text_size)
{
    return sizeof(struct record) + (text_size + ALIGN - 1) / ALIGN * ALIGN;
}

/* The slot of what is asked for, or the free one where it would be. There is always one. */
static size_t slot_find(const struct facts *facts, uint32_t kind, const struct tree_stamp *stamp)
{
    size_t slot = xxh64(stamp, sizeof(*stamp), kind) & (facts->slot_count - 1);

    for (; facts->slots[slot] != 0; slot = (slot + 1) & (facts->slot_count - 1)) {
        const struct record *record = record_at(facts, facts->slots[slot] - 1);

        if (record->kind == kind && memcmp(&record->stamp, stamp, sizeof(*stamp)) == 0)
            break;
    }
    return slot;
}

/* Makes slots for the records, so many that half of them stay free, and fills them. */
static void slots_make(struct facts *facts)
{
    size_t off = 0;

    facts->slot_count = SLOTS_MIN;
    while (facts->slot_count < 4 * facts->count)
        facts->slot_count *= 2;
    free(facts->slots);
    facts->slots = xcalloc(facts->slot_count, sizeof(*facts->slots));
    for (size_t i = 0; i < facts->count; i++) {
        const struct record *record = record_at(facts, off);

        facts->slots[slot_find(facts, record->kind, &record->stamp)] = (uint32_t)off + 1;
        off += record_size(record->size);
    }
}

/* Counts the records, if they are whole. */
static bool records_are_good(struct facts *facts)
{
    size_t off = 0;

    for (facts->count = 0; off < facts->size; facts->count++) {
        const struct record *record = record_at(facts, off);

        if (facts->size - off < sizeof(*record) || facts->size - off < record_size(record->size))
            return false;
        if (record->size > 0 && ((const char *)(record + 1))[record->size - 1] != '\0')
            return false;
        off += record_size(record->size);
    }
    return true;
}

static bool read_all(int fd, void *bytes, size_t size)
{
    return read(fd, bytes, size) == (ssize_t)size;
}

static bool records_read(struct facts *facts, int fd)
{
    struct head head;

    if (!read_all(fd, &head, sizeof(head)) || head.owner != facts->owner ||
        head.size > FACTS_SIZE_MAX)
        return false;
    facts->size = head.size;
    facts->room = head.size;
    facts->bytes = xcalloc(1, head.size + 1);
    return read_all(fd, facts->bytes, head.size) && xxh64(facts->bytes, head.size, 0) == head.sum &&
           records_are_good(facts);
}

struct facts *facts_open(const char *path)
{
    struct facts *facts = xcalloc(1, sizeof(*facts));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    facts->path = xstrdup(path);
    facts->owner = owner_make();
    if (fd >= 0 && !records_read(facts, fd)) {
        facts->size = 0;
        facts->count = 0;
    }
    if (fd >= 0)
        close(fd);
    slots_make(facts);
    return facts;
}

static int file_write(const struct facts *facts, struct err *err)
{
    struct head head = { .owner = facts->owner,
                         .size = facts->size,
                         .sum = xxh64(facts->bytes, facts->size, 0) };
    struct new_file file;

    if (new_file_open(&file, facts->path, 0600, err) < 0)
        return -1;
    if (file_write_at(file.fd, &head, sizeof(head), 0) < 0 ||
        file_write_at(file.fd, facts->bytes, facts->size, sizeof(head)) < 0) {
        new_file_drop(&file);
        return -1;
    }
    return new_file_keep(&file, false, err);
}

/* Whether it is a file that new_file_open() names for one at `path`. */
static bool is_half_made(const char *name, const char *path)
{
    const char *base = path_base(path);
    size_t len = strlen(base);

    return strncmp(name, base, len) == 0 && name[len] == '.' && strchr(name + len + 1, '.') &&
           strcmp(strrchr(name, '.'), ".tmp") == 0;
}

/* Removes what was being written when its ops was killed: nobody writes for so long. */
static void half_made_remove(const char *dir_path, const char *path)
{
    DIR *dir = opendir(dir_path);
    time_t now = time(NULL);
    struct dirent *entry;
    struct stat st;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (is_half_made(entry->d_name, path) &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && now - st.st_mtim.tv_sec > WRITE_SECONDS_MAX)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
}

void facts_close(struct facts *facts)
{
    char *dir;
    struct err ignored; /* It is as fast as the last time, then. */

    if (!facts)
        return;
    dir = path_dir(facts->path);
    if (facts->is_changed && dir_create(dir, &ignored) == 0) {
        (void)file_write(facts, &ignored);
        half_made_remove(dir, facts->path);
    }
    free(dir);
    free(facts->path);
    free(facts->bytes);
    free(facts->slots);
    free(facts);
}

const char *facts_find(const struct facts *facts, enum facts_kind kind,
                       const struct tree_stamp *stamp, size_t *size)
{
    const struct record *record;
    size_t slot;

    if (!facts)
        return NULL;
    slot = slot_find(facts, kind, stamp);
    if (facts->slots[slot] == 0)
        return NULL;
    record = record_at(facts, facts->slots[slot] - 1);
    *size = record->size;
    return (const char *)(record + 1);
}

static bool is_quiet(const struct tree_stamp *stamp)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - stamp->changed_s >= QUIET_SECONDS;
}

void facts_add(struct facts *facts, enum facts_kind kind, const struct tree_stamp *stamp,
               const char *texts, size_t size)
{
    struct record record = { .stamp = *stamp, .kind = kind, .size = (uint32_t)size };
    size_t whole = record_size(size);
    size_t slot;

    if (!facts || !is_quiet(stamp) || size > FACTS_SIZE_MAX || facts->size + whole > FACTS_SIZE_MAX)
        return;
    slot = slot_find(facts, kind, stamp);
    if (facts->slots[slot] != 0)
        return;
    if (facts->room - facts->size < whole) {
        facts->room = facts->room * 2 + whole;
        facts->bytes = xrealloc(facts->bytes, facts->room, 1);
    }
    memset(facts->bytes + facts->size, 0, whole);
    memcpy(facts->bytes + facts->size, &record, sizeof(record));
    if (size > 0)
        memcpy(facts->bytes + facts->size + sizeof(record), texts, size);
    facts->slots[slot] = (uint32_t)facts->size + 1;
    facts->size += whole;
    facts->count++;
    facts->is_changed = true;
    if (facts->count * 2 > facts->slot_count)
        slots_make(facts);
}
