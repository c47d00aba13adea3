/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the handlers for files share: pieces of memory and paths from the program. */

#include "kernel/file/file.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"

enum {
    IOV_INLINE = 8, /* Pieces that need no allocation. */
};

/* Pieces of the program's memory, as readv() and its kind name them. */
struct user_pieces {
    struct iovec_user inline_pieces[IOV_INLINE];
    struct iovec_user *pieces;
    struct iter iter;
};

/* Copies and checks an array of pieces: 0, -EINVAL, -EFAULT, -ENOMEM. Then user_pieces_fini(). */
int user_pieces_init(struct user_pieces *self, uaddr_t array, u64 count) MUST_USE;
void user_pieces_fini(struct user_pieces *self);

/*
 * Where relative paths begin: AT_FDCWD or a directory. A reference, or 0 and NULL for the current.
 */
int user_base(int dirfd, struct path_node **base) MUST_USE;

/* A path from the program, and where it begins if it is relative. */
struct user_place {
    struct path_node *base; /* With a reference, or NULL. */
    char *path;
};

/* 0, -EFAULT, -ENAMETOOLONG, -ENOMEM, -EBADF, -ENOTDIR. Then user_place_fini(). */
int user_place_init(struct user_place *place, int dirfd, uaddr_t path) MUST_USE;
/* The same with a base for absolute paths, too: for walks that do not leave it. */
int user_place_init_scoped(struct user_place *place, int dirfd, uaddr_t path) MUST_USE;
void user_place_fini(struct user_place *place);

/* Both of them, and the walk: `flags` are of enum path_flags. Gives a reference. */
int user_find(int dirfd, uaddr_t path, u32 flags, struct path_node **found) MUST_USE;
