/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files the program asks for. A path is told once as opened and once as missing; which were
 * told is kept as 64 bits of a hash each, in a table that doubles up to a limit.
 */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/nr_x86_64.h"
#include "kernel/core/entropy.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_parts.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/path.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

enum {
    TOLD_MAX = 65536,
    SLOTS_MIN = 4096, /* A power of two, as every size after it. */
    NO_DIRFD = 0xff,
    ABSOLUTE_SIZE = 2 * PATH_SIZE_MAX, /* A directory and a path in it. */
    ESCAPED_SIZE = 4 * ABSOLUTE_SIZE,
};

static struct {
    struct mutex lock; /* LOCK_RANK_TRACE. Guards all of it. */
    u64 *slots;        /* 0: free. */
    u32 slot_count;
    u32 told;
    bool is_cut;
    struct siphash_key key; /* [const] */
} files;

int trace_files_start(void)
{
    mutex_init(&files.lock, LOCK_RANK_TRACE);
    random_bytes(&files.key, sizeof(files.key));
    files.slots = heap_alloc_array(SLOTS_MIN, sizeof(*files.slots));
    files.slot_count = SLOTS_MIN;
    return files.slots ? 0 : -ENOMEM;
}

/* ---- What was told. ---- */

/* The slot that has `hash`, or the free one where it belongs. */
static u64 *slot_find(u64 *slots, u32 count, u64 hash)
{
    u32 at = (u32)hash & (count - 1);

    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) & (count - 1);
    return &slots[at];
}

/* Room for one more; false when memory is out. */
static bool table_grow(void) HOLDS(&files.lock)
{
    u32 count = files.slot_count * 2;
    u64 *slots;

    if (files.told < files.slot_count / 2)
        return true;
    slots = heap_alloc_array(count, sizeof(*slots));
    if (!slots)
        return files.told < files.slot_count - 1;
    for (u32 i = 0; i < files.slot_count; i++) {
        if (files.slots[i] != 0)
            *slot_find(slots, count, files.slots[i]) = files.slots[i];
    }
    heap_free(files.slots);
    files.slots = slots;
    files.slot_count = count;
    return true;
}

enum verdict {
    OLD,
    NEW,
    CUT,
};

static enum verdict remember(u64 hash)
{
    enum verdict verdict = OLD;
    u64 *slot;

    mutex_lock(&files.lock);
    slot = slot_find(files.slots, files.slot_count, hash);
    if (*slot == 0 && !files.is_cut) {
        files.is_cut = files.told == TOLD_MAX || !table_grow();
        verdict = files.is_cut ? CUT : NEW;
    }
    if (verdict == NEW) {
        *slot_find(files.slots, files.slot_count, hash) = hash;
        files.told++;
    }
    mutex_unlock(&files.lock);
    return verdict;
}

void trace_path_escape(const char *path, char *escaped, size_t size)
{
    struct text text;

    text_init(&text, escaped, size);
    for (; *path != '\0'; path++) {
        if (*path < ' ' || *path > '~' || *path == '\\') {
            text_format(&text, "\\%03o", (u8)*path);
        } else {
            text_put_char(&text, *path);
        }
    }
}

void trace_files_path(const char *path, bool is_there)
{
    u64 hash = siphash(&files.key, path, str_len(path)) ^ (is_there ? 1 : 0);
    char *escaped;

    switch (remember(hash != 0 ? hash : 2)) {
    case OLD:
        return;
    case CUT:
        trace_report("files-cut", "65536");
        return;
    case NEW:
        break;
    }
    escaped = heap_alloc(ESCAPED_SIZE);
    if (!escaped)
        return;
    trace_path_escape(path, escaped, ESCAPED_SIZE);
    trace_report(is_there ? "open" : "missing", escaped);
    heap_free(escaped);
}

/* ---- Which calls name files. ---- */

static const struct {
    u16 nr;
    u8 dirfd; /* Index of an argument, or NO_DIRFD. */
    u8 path;
} namers[] = {
    { NR_open, NO_DIRFD, 0 },      { NR_creat, NO_DIRFD, 0 },  { NR_stat, NO_DIRFD, 0 },
    { NR_lstat, NO_DIRFD, 0 },     { NR_access, NO_DIRFD, 0 }, { NR_readlink, NO_DIRFD, 0 },
    { NR_statfs, NO_DIRFD, 0 },    { NR_chdir, NO_DIRFD, 0 },  { NR_getxattr, NO_DIRFD, 0 },
    { NR_lgetxattr, NO_DIRFD, 0 }, { NR_openat, 0, 1 },        { NR_openat2, 0, 1 },
    { NR_newfstatat, 0, 1 },       { NR_statx, 0, 1 },         { NR_faccessat, 0, 1 },
    { NR_faccessat2, 0, 1 },       { NR_readlinkat, 0, 1 },
};

/* The text of the directory that relative paths begin at; false when there is none. */
static bool base_text(int dirfd, char *text, size_t size)
{
    struct path_node *node = NULL;
    struct file *file;
    long len = -ENOENT;

    if (dirfd == AT_FDCWD) {
        node = path_current();
    } else {
        file = fdtable_get(current_fdtable(), dirfd);
        if (file && file->path)
            node = path_node_get(file->path);
        if (file)
            file_put(file);
    }
    if (node)
        len = path_node_text(node, text, size);
    path_node_put(node);
    return len > 0;
}

void trace_path_clean(char *text)
{
    char *to = text;
    const char *from = text;

    while (*from != '\0') {
        size_t len = 0;

        while (*from == '/')
            from++;
        while (from[len] != '/' && from[len] != '\0')
            len++;
        if (len == 2 && from[0] == '.' && from[1] == '.') {
            while (to > text && *--to != '/')
                ;
        } else if (len > 0 && !(len == 1 && from[0] == '.')) {
            *to++ = '/';
            mem_move(to, from, len);
            to += len;
        }
        from += len;
    }
    if (to == text)
        *to++ = '/';
    *to = '\0';
}

static bool has_dotdot(const char *text)
{
    for (const char *at = str_find(text, '/'); at; at = str_find(at + 1, '/')) {
        if (at[1] == '.' && at[2] == '.' && (at[3] == '/' || at[3] == '\0'))
            return true;
    }
    return false;
}

/* Where ".." leads depends on symbolic links: asks, as long as the file is there. */
static void resolve(char *text, size_t size)
{
    struct path_node *node;

    if (has_dotdot(text) && path_find(NULL, text, 0, &node) == 0) {
        if (path_node_text(node, text, size) < 0)
            trace_path_clean(text);
        path_node_put(node);
    } else {
        trace_path_clean(text);
    }
}

/* The absolute path that the call named; false when it named none. */
static bool path_fetch(const struct trace_call *call, u32 dirfd, u32 path, char *text)
{
    size_t len = 0;
    long got;

    got = copy_in_text(text, call->args[path], PATH_SIZE_MAX);
    if (got <= 0)
        return false;
    if (text[0] != '/') {
        if (!base_text(dirfd == NO_DIRFD ? AT_FDCWD : (int)call->args[dirfd], text, PATH_SIZE_MAX))
            return false;
        len = str_len(text);
        text[len++] = '/';
        if (copy_in_text(text + len, call->args[path], PATH_SIZE_MAX) < 0)
            return false;
    }
    resolve(text, ABSOLUTE_SIZE);
    return true;
}

static void note(const struct trace_call *call, u32 dirfd, u32 path, bool is_there)
{
    char *text = heap_alloc(ABSOLUTE_SIZE + 1);

    if (text && path_fetch(call, dirfd, path, text))
        trace_files_path(text, is_there);
    heap_free(text);
}

/* What the result says of the file: nothing at all, where the call was wrong in itself. */
static bool says_nothing(u64 nr, long result)
{
    switch (result) {
    case -EINVAL:
        return nr != NR_readlink && nr != NR_readlinkat; /* Of those: it is no link. */
    case -EFAULT:
    case -EBADF:
    case -ENOMEM:
    case -ENOSYS:
    case -ENAMETOOLONG:
        return true;
    default:
        return false;
    }
}

void trace_files_note(const struct trace_call *call, long result)
{
    bool is_there = result != -ENOENT && result != -ENOTDIR;

    if (says_nothing(call->nr, result))
        return;
    for (u32 i = 0; i < ARRAY_COUNT(namers); i++) {
        if (namers[i].nr == call->nr)
            note(call, namers[i].dirfd, namers[i].path, is_there);
    }
}
