/* SPDX-License-Identifier: Apache-2.0 */
/* null, zero, full, random and their kind. */
#include "abi/linux/errors.h"
#include "kernel/core/entropy.h"
#include "kernel/core/thread.h"
#include "kernel/file/console.h"
#include "kernel/file/file.h"
#include "kernel/fs/devfs/devfs.h"
#include "kernel/fs/path.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    ZERO_PIECE = 65536, /* Bytes between two looks whether others should run. */
    RANDOM_PIECE = 256,

    RNDGETENTCNT = 0x80045200,
};

static long null_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    (void)file;
    (void)to;
    (void)off;
    (void)flags;
    return 0;
}

static long null_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    u64 len = from->left;

    (void)file;
    (void)off;
    (void)flags;
    iter_advance(from, len);
    return (long)len;
}

static long full_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    (void)file;
    (void)from;
    (void)off;
    (void)flags;
    return -ENOSPC;
}

static long zero_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    long done = 0;

    (void)file;
    (void)off;
    (void)flags;
    while (to->left > 0) {
        size_t len = u64_min(to->left, ZERO_PIECE);
        size_t zeroed = iter_zero(to, len);

        done += (long)zeroed;
        if (zeroed < len)
            return done ? done : -EFAULT;
        sched_yield_if_due();
    }
    return done;
}

static long random_read(struct file *file, struct iter *to, u64 off, u32 flags)
{
    u8 piece[RANDOM_PIECE];
    long done = 0;

    (void)file;
    (void)off;
    (void)flags;
    while (to->left > 0) {
        size_t len = u64_min(to->left, sizeof(piece));
        size_t copied;

        random_bytes(piece, len);
        copied = iter_copy_to(to, piece, len);
        done += (long)copied;
        if (copied < len) {
            done = done ? done : -EFAULT;
            break;
        }
        sched_yield_if_due();
    }
    mem_zero(piece, sizeof(piece));
    return done;
}

static long random_write(struct file *file, struct iter *from, u64 off, u32 flags)
{
    u8 piece[RANDOM_PIECE];
    long done = 0;

    (void)file;
    (void)off;
    (void)flags;
    while (from->left > 0) {
        size_t len = u64_min(from->left, sizeof(piece));
        size_t copied = iter_copy_from(from, piece, len);

        entropy_add(piece, copied);
        done += (long)copied;
        if (copied < len)
            return done ? done : -EFAULT;
        sched_yield_if_due();
    }
    return done;
}

static long random_ioctl(struct file *file, u32 command, uaddr_t arg)
{
    int bits = 256;

    (void)file;
    if (command != RNDGETENTCNT)
        return -ENOTTY;
    return copy_out(arg, &bits, sizeof(bits));
}

/* Seeking is allowed and means nothing, as on Linux. */
static long device_seek(struct file *file, s64 off, int whence)
{
    (void)file;
    (void)off;
    (void)whence;
    return 0;
}

/* Private or shared, it is anonymous memory: see kernel/vm/map.c. */
static int zero_mmap(struct file *file, bool shared, u32 protection)
{
    (void)file;
    (void)shared;
    (void)protection;
    return 0;
}

static const struct file_ops null_ops = {
    .name = "/dev/null",
    .read = null_read,
    .write = null_write,
    .seek = device_seek,
};

static const struct file_ops zero_ops = {
    .name = "/dev/zero",
    .read = zero_read,
    .write = null_write,
    .mmap = zero_mmap,
    .seek = device_seek,
};

static const struct file_ops full_ops = {
    .name = "/dev/full",
    .read = zero_read,
    .write = full_write,
    .seek = device_seek,
};

static const struct file_ops random_ops = {
    .name = "/dev/urandom",
    .read = random_read,
    .write = random_write,
    .ioctl = random_ioctl,
    .seek = device_seek,
};

static const struct {
    u64 device;
    const struct file_ops *ops;
} devices[] = {
    { 0x103, &null_ops },   { 0x105, &zero_ops },   { 0x107, &full_ops },
    { 0x108, &random_ops }, { 0x109, &random_ops },
};

enum {
    DEVICE_CONSOLE = 0x501,
};

int device_open(u64 device, u32 flags, struct file **file)
{
    u32 file_flags = file_flags_from_open(flags);

    if (device == DEVICE_CONSOLE) {
        *file = console_create(file_flags);
        return *file ? 0 : -ENOMEM;
    }
    for (size_t i = 0; i < ARRAY_COUNT(devices); i++) {
        if (devices[i].device == device) {
            *file =
                file_create(devices[i].ops, NULL, file_flags | FILE_SEEKABLE | FILE_POSITION_FIXED);
            return *file ? 0 : -ENOMEM;
        }
    }
    return -ENXIO;
}
