/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * 9P messages as bytes: writing requests, reading answers. Pure. The host's answers are foreign
 * bytes: a reader never goes past their end, and remembers when something did not fit.
 */

#include "lib/base/types.h"

enum {
    P9_NAME_MAX = 255,
    P9_VERSION_SIZE = 16,
};

/* ---- Requests. Names and numbers are ours: they always fit P9_REQUEST_SIZE. ---- */

enum {
    P9_REQUEST_SIZE = 512,
};

struct p9_writer {
    u8 *bytes; /* P9_REQUEST_SIZE of them. */
    u32 len;
};

/* Begins a message; p9_end() puts its size in front and returns it. */
void p9_begin(struct p9_writer *out, u8 *bytes, u8 type, u16 tag);
void p9_put16(struct p9_writer *out, u16 value);
void p9_put32(struct p9_writer *out, u32 value);
void p9_put64(struct p9_writer *out, u64 value);
void p9_put_text(struct p9_writer *out, const char *text, u32 len);
u32 p9_end(struct p9_writer *out);

/* ---- Answers. ---- */

struct p9_qid {
    u8 type;
    u32 version;
    u64 path;
};

struct p9_attr {
    u64 valid;
    struct p9_qid qid;
    u32 mode, uid, gid;
    u64 link_count, device, size, block_size, blocks;
    u64 atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns, btime, btime_ns;
};

struct p9_statfs {
    u32 block_size;
    u64 blocks, blocks_free, blocks_available, files, files_free;
};

/* One entry of a directory. `name` lies in the answer. */
struct p9_entry {
    struct p9_qid qid;
    u64 next_off;
    u8 type; /* DT_ of getdents(2) */
    const char *name;
    u32 name_len;
};

struct p9_reader {
    const u8 *bytes;
    u32 len;
    u32 at;
    bool is_bad; /* It ended too early; what was read is 0. */
};

/*
 * Opens an answer of which the host wrote `received` bytes to `bytes`: 0 when it is `type` for
 * `tag`; the host's own error, negated, when it is Rlerror; else -EIO.
 */
int p9_answer(struct p9_reader *in, const u8 *bytes, u32 received, u8 type, u16 tag) MUST_USE;

u8 p9_get8(struct p9_reader *in);
u16 p9_get16(struct p9_reader *in);
u32 p9_get32(struct p9_reader *in);
u64 p9_get64(struct p9_reader *in);
struct p9_qid p9_get_qid(struct p9_reader *in);
/* The text and its length; NULL and 0 when there is none. */
const char *p9_get_text(struct p9_reader *in, u32 *len);

/* Each reads all of the body: 0, or -EIO when it makes no sense. */
int p9_read_attr(struct p9_reader *in, struct p9_attr *attr) MUST_USE;
int p9_read_statfs(struct p9_reader *in, struct p9_statfs *statfs) MUST_USE;

/*
 * The next entry of a directory: 1; 0 at the end; -EIO for one that is cut or whose name is no name
 * (empty, too long, with a slash or a NUL).
 */
int p9_read_entry(struct p9_reader *in, struct p9_entry *entry) MUST_USE;
