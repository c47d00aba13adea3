/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A conversation with a 9P server about one share. A request is sent and its answer awaited, one at
 * a time under a mutex; all functions may sleep and return 0 or a negative error number: the
 * server's own, -EIO for an answer that makes no sense, -ENOMEM. -ETIMEDOUT when none came in
 * SHARE_PATIENCE_SECONDS: whoever asks later gets -EIO at once, since locks are held meanwhile (the
 * names lock above all) that the rest of the machine needs.
 *
 * A fid is a number of ours by which the server knows a file. Each that a function gives out is the
 * caller's, until p9_clunk().
 */

#include "kernel/core/mutex.h"
#include "kernel/fs/9p/wire.h"
#include "lib/base/types.h"

struct page;
struct share;

enum {
    P9_ROOT_FID = 0,
    P9_FREE_FIDS_MAX = 1024,
    P9_ANSWER_SIZE = 8192,                           /* Of what is not a read of pages. */
    P9_DIRECTORY_SIZE = P9_ANSWER_SIZE - 24,         /* Of a piece of a directory. */
    P9_PAGES_MAX = 64,                               /* Of one read. */
    P9_MESSAGE_SIZE_MAX = (P9_PAGES_MAX + 1) * 4096, /* What we offer to take. */
    P9_MESSAGE_SIZE_MIN = 4096 + 512,                /* Less is not worth it. */
};

struct p9_client {
    struct share *share;  /* [const] */
    struct mutex lock;    /* LOCK_RANK_FS. Guards all below. */
    u32 message_size_max; /* [const] As agreed on. */
    u8 *request;          /* P9_REQUEST_SIZE */
    u8 *answer;           /* P9_ANSWER_SIZE */
    struct share_call *call;
    bool is_dead; /* The server has not answered, and has `request`, `answer` until it does. */
    u32 next_fid;
    u32 free_count;
    u32 free_fids[P9_FREE_FIDS_MAX]; /* Some that came back. */
};

/* Agrees on the protocol and attaches to the share's top, which is P9_ROOT_FID then. */
int p9_client_open(struct p9_client *client, struct share *share) MUST_USE;
/* Gives its memory back, unless the server may still write to it; it is not told. */
void p9_client_close(struct p9_client *client);

/* The file `name` in the directory `dir`, or, with `len` 0, `dir` itself once more. */
int p9_walk(struct p9_client *client, u32 dir, const char *name, u32 len, u32 *fid,
            struct p9_qid *qid) MUST_USE;
void p9_clunk(struct p9_client *client, u32 fid);

int p9_getattr(struct p9_client *client, u32 fid, struct p9_attr *attr) MUST_USE;
int p9_statfs(struct p9_client *client, struct p9_statfs *statfs) MUST_USE;

/* The target's text, not ended by a NUL: its length, cut to `size`. */
long p9_readlink(struct p9_client *client, u32 fid, char *target, size_t size) MUST_USE;

/* Opens for reading. */
int p9_lopen(struct p9_client *client, u32 fid) MUST_USE;

/*
 * Reads from `off` on into `count` pages, of an open fid: how many bytes came, fewer only where the
 * file ends. What lies behind them in the pages is not touched.
 */
long p9_read_pages(struct p9_client *client, u32 fid, u64 off, struct page **pages, u32 count)
    MUST_USE;

/*
 * A piece of an open directory from `off` on, in `bytes` (P9_DIRECTORY_SIZE of them), as
 * p9_read_entry() takes it: its length, 0 at the end.
 */
long p9_readdir(struct p9_client *client, u32 fid, u64 off, u8 *bytes) MUST_USE;
