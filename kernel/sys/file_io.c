/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sys/file_io.h"

#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/path.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

/* The bytes of all pieces, cut to what one call moves. */
static int total_size(struct iovec_user *pieces, u64 count, u64 *total)
{
    *total = 0;
    for (u64 i = 0; i < count; i++) {
        if (pieces[i].len > INT64_MAX)
            return -EINVAL;
        if (pieces[i].len > 0 && !user_range_ok(pieces[i].base, pieces[i].len))
            return -EFAULT;
        pieces[i].len = u64_min(pieces[i].len, RW_COUNT_MAX - *total);
        *total += pieces[i].len;
    }
    return 0;
}

int user_pieces_init(struct user_pieces *self, uaddr_t array, u64 count)
{
    u64 total = 0;
    int err;

    self->pieces = self->inline_pieces;
    if (count > IOV_MAX)
        return -EINVAL;
    if (count > IOV_INLINE)
        self->pieces = heap_alloc_array(count, sizeof(*self->pieces));
    if (!self->pieces)
        return -ENOMEM;
    err = copy_in(self->pieces, array, count * sizeof(*self->pieces));
    if (err == 0)
        err = total_size(self->pieces, count, &total);
    if (err < 0) {
        user_pieces_fini(self);
        return err;
    }
    iter_init_pieces(&self->iter, self->pieces, (u32)count, total);
    return 0;
}

void user_pieces_fini(struct user_pieces *self)
{
    if (self->pieces != self->inline_pieces)
        heap_free(self->pieces);
}

int user_base(int dirfd, struct path_node **base)
{
    struct file *file;

    *base = NULL;
    if (dirfd == AT_FDCWD)
        return 0;
    file = fdtable_get(current_fdtable(), dirfd);
    if (!file)
        return -EBADF;
    if (file->path)
        *base = path_node_get(file->path);
    file_put(file);
    return *base ? 0 : -ENOTDIR;
}

/* A path from the program on the heap. */
static long copy_path(uaddr_t path, char **text)
{
    char *buffer = heap_alloc(PATH_SIZE_MAX);
    long len;

    if (!buffer)
        return -ENOMEM;
    len = copy_in_text(buffer, path, PATH_SIZE_MAX);
    if (len < 0) {
        heap_free(buffer);
    } else {
        *text = buffer;
    }
    return len;
}

static int place_init(struct user_place *place, int dirfd, uaddr_t path, bool always_from_base)
{
    char *text = NULL;
    long len = copy_path(path, &text);
    int err = 0;

    place->base = NULL;
    place->path = text;
    if (len < 0 || !text)
        return (int)len;
    if (always_from_base || *text != '/')
        err = user_base(dirfd, &place->base);
    if (err < 0)
        heap_free(text);
    return err;
}

int user_place_init(struct user_place *place, int dirfd, uaddr_t path)
{
    return place_init(place, dirfd, path, false);
}

int user_place_init_scoped(struct user_place *place, int dirfd, uaddr_t path)
{
    return place_init(place, dirfd, path, true);
}

void user_place_fini(struct user_place *place)
{
    path_node_put(place->base);
    heap_free(place->path);
}

int user_find(int dirfd, uaddr_t path, u32 flags, struct path_node **found)
{
    struct user_place place;
    int err;

    *found = NULL;
    err = user_place_init(&place, dirfd, path);
    if (err < 0)
        return err;
    err = path_find(place.base, place.path, flags, found);
    user_place_fini(&place);
    return err;
}
