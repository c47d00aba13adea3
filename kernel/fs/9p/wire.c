/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/9p/wire.h"

#include "abi/linux/errors.h"
#include "abi/p9/p9.h"
#include "kernel/core/panic.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    ERROR_MAX = 133, /* The last of Linux' errors that have a meaning. */
};

/* ---- Requests. ---- */

static void put(struct p9_writer *out, const void *bytes, u32 len)
{
    ASSERT(len <= P9_REQUEST_SIZE - out->len);
    mem_copy(out->bytes + out->len, bytes, len);
    out->len += len;
}

void p9_begin(struct p9_writer *out, u8 *bytes, u8 type, u16 tag)
{
    *out = (struct p9_writer){ .bytes = bytes, .len = sizeof(u32) };
    put(out, &type, sizeof(type));
    p9_put16(out, tag);
}

void p9_put16(struct p9_writer *out, u16 value)
{
    put(out, &value, sizeof(value));
}

void p9_put32(struct p9_writer *out, u32 value)
{
    put(out, &value, sizeof(value));
}

void p9_put64(struct p9_writer *out, u64 value)
{
    put(out, &value, sizeof(value));
}

void p9_put_text(struct p9_writer *out, const char *text, u32 len)
{
    p9_put16(out, (u16)len);
    put(out, text, len);
}

u32 p9_end(struct p9_writer *out)
{
    mem_copy(out->bytes, &out->len, sizeof(out->len));
    return out->len;
}

/* ---- Answers. ---- */

/* Where `len` bytes lie, or NULL. */
static const u8 *take(struct p9_reader *in, u32 len)
{
    const u8 *bytes = in->bytes + in->at;

    if (in->is_bad || len > in->len - in->at) {
        in->is_bad = true;
        return NULL;
    }
    in->at += len;
    return bytes;
}

static u64 get(struct p9_reader *in, u32 len)
{
    const u8 *bytes = take(in, len);
    u64 value = 0;

    if (bytes)
        mem_copy(&value, bytes, len); /* Little-endian, as we are: lib/base/bytes.h. */
    return value;
}

u8 p9_get8(struct p9_reader *in)
{
    return (u8)get(in, sizeof(u8));
}

u16 p9_get16(struct p9_reader *in)
{
    return (u16)get(in, sizeof(u16));
}

u32 p9_get32(struct p9_reader *in)
{
    return (u32)get(in, sizeof(u32));
}

u64 p9_get64(struct p9_reader *in)
{
    return get(in, sizeof(u64));
}

struct p9_qid p9_get_qid(struct p9_reader *in)
{
    struct p9_qid qid;

    qid.type = p9_get8(in);
    qid.version = p9_get32(in);
    qid.path = p9_get64(in);
    return qid;
}

const char *p9_get_text(struct p9_reader *in, u32 *len)
{
    u32 wanted = p9_get16(in);
    const u8 *bytes = take(in, wanted);

    *len = bytes ? wanted : 0;
    return (const char *)bytes;
}

int p9_answer(struct p9_reader *in, const u8 *bytes, u32 received, u8 type, u16 tag)
{
    u32 size;
    u8 its_type;
    u32 error;

    *in = (struct p9_reader){ .bytes = bytes, .len = received };
    size = p9_get32(in);
    its_type = p9_get8(in);
    if (p9_get16(in) != tag || in->is_bad || size > received || size < P9_HEADER_SIZE)
        return -EIO;
    in->len = size;
    if (its_type == type)
        return 0;
    error = p9_get32(in);
    if (its_type != P9_RLERROR || in->is_bad || error == 0 || error > ERROR_MAX)
        return -EIO;
    return -(int)error;
}

static int done(const struct p9_reader *in)
{
    return in->is_bad ? -EIO : 0;
}

int p9_read_attr(struct p9_reader *in, struct p9_attr *attr)
{
    attr->valid = p9_get64(in);
    attr->qid = p9_get_qid(in);
    attr->mode = p9_get32(in);
    attr->uid = p9_get32(in);
    attr->gid = p9_get32(in);
    attr->link_count = p9_get64(in);
    attr->device = p9_get64(in);
    attr->size = p9_get64(in);
    attr->block_size = p9_get64(in);
    attr->blocks = p9_get64(in);
    attr->atime = p9_get64(in);
    attr->atime_ns = p9_get64(in);
    attr->mtime = p9_get64(in);
    attr->mtime_ns = p9_get64(in);
    attr->ctime = p9_get64(in);
    attr->ctime_ns = p9_get64(in);
    attr->btime = p9_get64(in);
    attr->btime_ns = p9_get64(in);
    if ((attr->valid & P9_GETATTR_BASIC) != P9_GETATTR_BASIC)
        return -EIO;
    return done(in);
}

int p9_read_statfs(struct p9_reader *in, struct p9_statfs *statfs)
{
    (void)p9_get32(in); /* Its type: that of the host's filesystem. */
    statfs->block_size = p9_get32(in);
    statfs->blocks = p9_get64(in);
    statfs->blocks_free = p9_get64(in);
    statfs->blocks_available = p9_get64(in);
    statfs->files = p9_get64(in);
    statfs->files_free = p9_get64(in);
    return done(in);
}

static bool is_name(const char *name, u32 len)
{
    if (len == 0 || len > P9_NAME_MAX)
        return false;
    for (u32 i = 0; i < len; i++) {
        if (name[i] == '/' || name[i] == '\0')
            return false;
    }
    return true;
}

int p9_read_entry(struct p9_reader *in, struct p9_entry *entry)
{
    if (in->at == in->len)
        return 0;
    entry->qid = p9_get_qid(in);
    entry->next_off = p9_get64(in);
    entry->type = p9_get8(in);
    entry->name = p9_get_text(in, &entry->name_len);
    if (in->is_bad || !is_name(entry->name, entry->name_len))
        return -EIO;
    return 1;
}
