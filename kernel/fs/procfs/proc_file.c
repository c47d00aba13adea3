/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/procfs/proc_file.h"

#include "abi/linux/errors.h"
#include "abi/linux/open_flags.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/file/file.h"
#include "kernel/fs/path.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

#include <stdarg.h>

enum {
    OUTPUT_SIZE_FIRST = 1024,
    LINE_SIZE = 512, /* Of one proc_printf(). */
};

struct proc_output {
    char *bytes;
    size_t len;
    size_t size;
    bool is_cut; /* Beyond the limit, or memory was out. */
};

struct proc_file {
    struct mutex mutex;        /* LOCK_RANK_FILE_POSITION: pread() does not take the file's own. */
    struct procfs_item item;   /* [const] */
    struct proc_output output; /* Under `mutex`. */
    bool is_made;              /* Likewise. */
};

/* ---- Text. ---- */

static bool output_grow(struct proc_output *out, size_t wanted)
{
    size_t size = out->size ? out->size : OUTPUT_SIZE_FIRST;
    char *bytes;

    if (out->is_cut || wanted > PROC_FILE_MAX)
        return false;
    while (size < wanted)
        size *= 2;
    bytes = heap_alloc(size);
    if (!bytes)
        return false;
    if (out->len > 0)
        mem_copy(bytes, out->bytes, out->len);
    heap_free(out->bytes);
    out->bytes = bytes;
    out->size = size;
    return true;
}

void proc_put(struct proc_output *out, const char *bytes, size_t len)
{
    if (len > out->size - out->len && !output_grow(out, out->len + len)) {
        out->is_cut = true;
        return;
    }
    mem_copy(out->bytes + out->len, bytes, len);
    out->len += len;
}

void proc_printf(struct proc_output *out, const char *format, ...)
{
    char line[LINE_SIZE];
    struct text text;
    va_list args;

    text_init(&text, line, sizeof(line));
    va_start(args, format);
    text_format_args(&text, format, args);
    va_end(args);
    proc_put(out, line, text.len);
}

/* ---- The file. ---- */

static void make_text(struct proc_file *self)
{
    self->output.len = 0;
    self->output.is_cut = false;
    self->item.show(&self->output, self->item.arg);
    self->is_made = true;
}

static long proc_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    struct proc_file *self = file->data;
    long done = 0;

    (void)flags;
    mutex_lock(&self->mutex);
    if (off == 0 || !self->is_made)
        make_text(self);
    if (off < self->output.len) {
        size_t len = u64_min(self->output.len - off, to->left);

        done = (long)iter_copy_to(to, self->output.bytes + off, len);
        if (done == 0 && len > 0)
            done = -EFAULT;
    }
    mutex_unlock(&self->mutex);
    return done;
}

static long proc_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    struct proc_file *self = file->data;
    size_t len = from->left;
    char *text;
    long result;

    (void)off;
    (void)flags;
    if (!self->item.store)
        return -EACCES;
    if (len > PROC_STORE_MAX)
        return -EINVAL;
    text = heap_alloc(len + 1);
    if (!text)
        return -ENOMEM;
    if (iter_copy_from(from, text, len) == len) {
        text[len] = '\0';
        result = self->item.store(text, len, self->item.arg);
    } else {
        result = -EFAULT;
    }
    heap_free(text);
    return result < 0 ? result : (long)len;
}

static void proc_release(struct file *file)
{
    struct proc_file *self = file->data;

    heap_free(self->output.bytes);
    heap_free(self);
}

static const struct file_ops proc_file_ops = {
    .name = "proc",
    .read = proc_read,
    .write = proc_write,
    .release = proc_release,
};

int proc_file_open(const struct procfs_item *item, u32 flags, struct file **file)
{
    struct proc_file *self;

    if ((flags & O_ACCMODE) != O_RDONLY && !item->store)
        return -EACCES;
    self = heap_alloc_zero(sizeof(*self));
    if (!self)
        return -ENOMEM;
    mutex_init(&self->mutex, LOCK_RANK_FILE_POSITION);
    self->item = *item;
    *file = file_create(&proc_file_ops, self, file_flags_from_open(flags) | FILE_SEEKABLE);
    if (!*file) {
        heap_free(self);
        return -ENOMEM;
    }
    return 0;
}
