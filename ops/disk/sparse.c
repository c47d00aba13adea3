/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/disk/sparse.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 1 << 20,
};

/* One run of data, through a buffer: for filesystems that cannot copy by themselves. */
static int run_copy(int to, uint64_t to_off, int from, uint64_t from_off, uint64_t size,
                    struct err *err)
{
    uint8_t *buffer = xcalloc(1, BUFFER_SIZE);
    int status = 0;

    while (size > 0 && status == 0) {
        ssize_t got = pread(from, buffer, size < BUFFER_SIZE ? size : BUFFER_SIZE, (off_t)from_off);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            status = err_set_errno(err, "cannot read");
        } else if (got == 0) {
            status = err_set(err, "a file became shorter while it was copied");
        } else if (file_write_at(to, buffer, (size_t)got, to_off) < 0) {
            status = err_set_errno(err, "cannot write");
        }
        from_off += (uint64_t)got;
        to_off += (uint64_t)got;
        size -= (uint64_t)got;
    }
    free(buffer);
    return status;
}

static int run_copy_fast(int to, uint64_t to_off, int from, uint64_t from_off, uint64_t size,
                         struct err *err)
{
    while (size > 0) {
        off_t in = (off_t)from_off;
        off_t out = (off_t)to_off;
        ssize_t done = copy_file_range(from, &in, to, &out, size, 0);

        if (done <= 0)
            break;
        from_off += (uint64_t)done;
        to_off += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return run_copy(to, to_off, from, from_off, size, err);
}

/* Finds the next run of data below `end`. Returns false when there is none. */
static bool run_find(int from, uint64_t at, uint64_t end, uint64_t *start, uint64_t *stop)
{
    off_t data = lseek(from, (off_t)at, SEEK_DATA);
    off_t hole;

    if (data < 0 && errno == ENXIO)
        return false;
    if (data < 0)
        data = (off_t)at; /* A filesystem without holes. */
    hole = lseek(from, data, SEEK_HOLE);
    *start = (uint64_t)data;
    *stop = hole < 0 || (uint64_t)hole > end ? end : (uint64_t)hole;
    return *start < end;
}

static bool is_shared(int to, uint64_t to_off, int from, uint64_t from_off, uint64_t size)
{
    struct stat st;

    return to_off == 0 && from_off == 0 && fstat(from, &st) == 0 && (uint64_t)st.st_size == size &&
           ioctl(to, FICLONE, from) == 0;
}

int sparse_copy(int to, uint64_t to_off, int from, uint64_t from_off, uint64_t size,
                struct err *err)
{
    uint64_t end = to_off + size;
    uint64_t at = from_off;
    uint64_t start;
    uint64_t stop;

    if (is_shared(to, to_off, from, from_off, size))
        return 0;
    while (run_find(from, at, from_off + size, &start, &stop)) {
        if (run_copy_fast(to, to_off + (start - from_off), from, start, stop - start, err) < 0)
            return -1;
        at = stop;
    }
    if (ftruncate(to, (off_t)end) < 0)
        return err_set_errno(err, "cannot make a file of %llu bytes", (unsigned long long)end);
    return 0;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

size_t sparse_run(const uint8_t *bytes, size_t size, size_t block, bool *zero)
{
    size_t run = 0;

    while (run < size) {
        size_t part = size - run < block ? size - run : block;
        bool part_zero = is_zero(bytes + run, part);

        if (run == 0)
            *zero = part_zero;
        if (part_zero != *zero)
            break;
        run += part;
    }
    return run;
}
