/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fs/9p/client.h"

#include "abi/linux/errors.h"
#include "abi/linux/open_flags.h"
#include "abi/p9/p9.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/log.h"
#include "kernel/core/mutex.h"
#include "kernel/core/spinlock.h"
#include "kernel/fs/9p/wire.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/share/share.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    TAG = 1, /* Of every request: there is one at a time. */
    SHORT_READS_MAX = 64,
};

/* ---- Requests. ---- */

static void begin(struct p9_client *client, struct p9_writer *out, u8 type) ACQUIRES(&client->lock)
{
    mutex_lock(&client->lock);
    p9_begin(out, client->request, type, type == P9_TVERSION ? P9_NO_TAG : TAG);
}

static void end(struct p9_client *client) RELEASES(&client->lock)
{
    mutex_unlock(&client->lock);
}

/* Sends what was written. Of `in_count` pieces of room all but the first are set already. */
static int exchange(struct p9_client *client, struct p9_writer *out, u8 type, u32 in_count,
                    struct p9_reader *in, u32 head_size)
{
    struct share_call *call = client->call;
    long received;

    if (client->is_dead)
        return -EIO;
    call->segments[0] = (struct share_segment){ client->request, p9_end(out) };
    call->out_count = 1;
    call->segments[1] = (struct share_segment){ client->answer, head_size };
    call->in_count = in_count;
    received = client->share->call(client->share, call);
    if (received == -ETIMEDOUT) {
        client->is_dead = true;
        log_error("9p: '%s' has not answered for %d seconds, and is not asked again",
                  client->share->tag, SHARE_PATIENCE_SECONDS);
    }
    if (received < 0)
        return (int)received;
    return p9_answer(in, client->answer, (u32)received, type,
                     type == P9_RVERSION ? P9_NO_TAG : TAG);
}

/* The same for an answer that comes in one piece. */
static int ask(struct p9_client *client, struct p9_writer *out, struct p9_reader *in)
{
    return exchange(client, out, (u8)(out->bytes[4] + 1), 1, in, P9_ANSWER_SIZE);
}

/* ---- Fids. ---- */

static u32 fid_take(struct p9_client *client)
{
    if (client->free_count > 0)
        return client->free_fids[--client->free_count];
    return client->next_fid++; /* Four thousand million that are lost: the server says no then. */
}

static void fid_return(struct p9_client *client, u32 fid)
{
    if (client->free_count < P9_FREE_FIDS_MAX)
        client->free_fids[client->free_count++] = fid;
}

void p9_clunk(struct p9_client *client, u32 fid)
{
    struct p9_writer out;
    struct p9_reader in;

    begin(client, &out, P9_TCLUNK);
    p9_put32(&out, fid);
    if (ask(client, &out, &in) == 0)
        fid_return(client, fid);
    end(client);
}

int p9_walk(struct p9_client *client, u32 dir, const char *name, u32 len, u32 *fid,
            struct p9_qid *qid)
{
    struct p9_writer out;
    struct p9_reader in;
    int err;

    if (len > P9_NAME_MAX)
        return -ENAMETOOLONG;
    begin(client, &out, P9_TWALK);
    *fid = fid_take(client);
    p9_put32(&out, dir);
    p9_put32(&out, *fid);
    p9_put16(&out, len > 0 ? 1 : 0);
    if (len > 0)
        p9_put_text(&out, name, len);
    err = ask(client, &out, &in);
    if (err == 0 && p9_get16(&in) != (len > 0 ? 1 : 0))
        err = -EIO;
    if (err == 0 && len > 0) {
        *qid = p9_get_qid(&in);
        err = in.is_bad ? -EIO : 0;
    }
    if (err < 0 && err != -EIO)
        fid_return(client, *fid); /* It was not made. After -EIO, who knows. */
    end(client);
    return err;
}

/* ---- Files. ---- */

int p9_getattr(struct p9_client *client, u32 fid, struct p9_attr *attr)
{
    struct p9_writer out;
    struct p9_reader in;
    int err;

    begin(client, &out, P9_TGETATTR);
    p9_put32(&out, fid);
    p9_put64(&out, P9_GETATTR_BASIC);
    err = ask(client, &out, &in);
    if (err == 0)
        err = p9_read_attr(&in, attr);
    end(client);
    return err;
}

int p9_statfs(struct p9_client *client, struct p9_statfs *statfs)
{
    struct p9_writer out;
    struct p9_reader in;
    int err;

    begin(client, &out, P9_TSTATFS);
    p9_put32(&out, P9_ROOT_FID);
    err = ask(client, &out, &in);
    if (err == 0)
        err = p9_read_statfs(&in, statfs);
    end(client);
    return err;
}

long p9_readlink(struct p9_client *client, u32 fid, char *target, size_t size)
{
    struct p9_writer out;
    struct p9_reader in;
    const char *text;
    u32 len;
    long result;

    begin(client, &out, P9_TREADLINK);
    p9_put32(&out, fid);
    result = ask(client, &out, &in);
    if (result == 0) {
        text = p9_get_text(&in, &len);
        result = text ? (long)size_min(len, size) : -EIO;
        if (text)
            mem_copy(target, text, (size_t)result);
    }
    end(client);
    return result;
}

int p9_lopen(struct p9_client *client, u32 fid)
{
    struct p9_writer out;
    struct p9_reader in;
    int err;

    begin(client, &out, P9_TLOPEN);
    p9_put32(&out, fid);
    p9_put32(&out, O_RDONLY);
    err = ask(client, &out, &in);
    end(client);
    return err;
}

/* Room for the bytes from `off` on, up to `size` of them, in pages. Returns how many pieces. */
static u32 segments_set(struct share_segment *segments, struct page **pages, u32 off, u32 size)
{
    u32 count = 0;

    while (size > 0) {
        u32 in_page = off % PAGE_SIZE;
        u32 len = u32_min(size, PAGE_SIZE - in_page);

        segments[count++] =
            (struct share_segment){ (u8 *)page_virt(pages[off / PAGE_SIZE]) + in_page, len };
        off += len;
        size -= len;
    }
    return count;
}

/* The server may fill them yet: nobody else gets them. */
static void pages_forgo(struct page **pages, u32 count)
{
    for (u32 i = 0; i < count; i++)
        page_get(pages[i]);
}

/* One read: how many bytes came to `done` and after in the pages, 0 at the end of the file. */
static long read_once(struct p9_client *client, u32 fid, u64 off, struct page **pages, u32 done,
                      u32 size)
{
    struct p9_writer out;
    struct p9_reader in;
    u32 in_count;
    u32 count = 0;
    int err;

    begin(client, &out, P9_TREAD);
    size = u32_min(size, client->message_size_max - P9_IO_HEADER_SIZE);
    size = u32_min(size,
                   (u32)(u32_min(client->share->segments_max, P9_PAGES_MAX + 3) - 3) * PAGE_SIZE);
    p9_put32(&out, fid);
    p9_put64(&out, off + done);
    p9_put32(&out, size);
    in_count = 1 + segments_set(&client->call->segments[2], pages, done, size);
    err = exchange(client, &out, P9_RREAD, in_count, &in, P9_READ_HEADER_SIZE);
    if (err == 0) {
        count = p9_get32(&in);
        if (in.is_bad || count > size || count > in.len - P9_READ_HEADER_SIZE)
            err = -EIO;
    }
    if (err == -ETIMEDOUT)
        pages_forgo(pages, (done + size + PAGE_SIZE - 1) / PAGE_SIZE);
    end(client);
    return err < 0 ? err : (long)count;
}

long p9_read_pages(struct p9_client *client, u32 fid, u64 off, struct page **pages, u32 count)
{
    u32 size = count * PAGE_SIZE;
    u32 done = 0;

    /* A server that gives a byte at a time would hold us up. */
    for (u32 tries = 0; done < size; tries++) {
        long got = read_once(client, fid, off, pages, done, size - done);

        if (got < 0 || (got < PAGE_SIZE && tries > SHORT_READS_MAX))
            return got < 0 ? got : -EIO;
        if (got == 0)
            break;
        done += (u32)got;
    }
    return (long)done;
}

long p9_readdir(struct p9_client *client, u32 fid, u64 off, u8 *bytes)
{
    struct p9_writer out;
    struct p9_reader in;
    long result;
    u32 count;

    begin(client, &out, P9_TREADDIR);
    p9_put32(&out, fid);
    p9_put64(&out, off);
    p9_put32(&out, u32_min(P9_DIRECTORY_SIZE, client->message_size_max - P9_IO_HEADER_SIZE));
    result = ask(client, &out, &in);
    if (result == 0) {
        count = p9_get32(&in);
        result =
            in.is_bad || count > P9_DIRECTORY_SIZE || count > in.len - in.at ? -EIO : (long)count;
    }
    if (result > 0)
        mem_copy(bytes, in.bytes + in.at, (size_t)result);
    end(client);
    return result;
}

/* ---- Beginning and end. ---- */

static int read_version(struct p9_client *client, struct p9_reader *in)
{
    u32 size = p9_get32(in);
    const char *version;
    u32 len;

    version = p9_get_text(in, &len);
    if (!version || len != str_len(P9_VERSION) || !mem_equal(version, P9_VERSION, len))
        return -EPROTONOSUPPORT;
    if (size < P9_MESSAGE_SIZE_MIN)
        return -EIO;
    client->message_size_max = u32_min(size, P9_MESSAGE_SIZE_MAX);
    return 0;
}

static int agree_on_version(struct p9_client *client)
{
    struct p9_writer out;
    struct p9_reader in;
    int err;

    begin(client, &out, P9_TVERSION);
    p9_put32(&out, P9_MESSAGE_SIZE_MAX);
    p9_put_text(&out, P9_VERSION, (u32)str_len(P9_VERSION));
    err = ask(client, &out, &in);
    if (err == 0)
        err = read_version(client, &in);
    end(client);
    return err;
}

static int attach(struct p9_client *client)
{
    struct p9_writer out;
    struct p9_reader in;
    int err;

    begin(client, &out, P9_TATTACH);
    p9_put32(&out, P9_ROOT_FID);
    p9_put32(&out, P9_NO_FID);
    p9_put_text(&out, "root", 4);
    p9_put_text(&out, "", 0);
    p9_put32(&out, 0);
    err = ask(client, &out, &in);
    end(client);
    return err;
}

int p9_client_open(struct p9_client *client, struct share *share)
{
    int err = -ENOMEM;

    mem_zero(client, sizeof(*client));
    mutex_init(&client->lock, LOCK_RANK_FS);
    client->share = share;
    client->next_fid = P9_ROOT_FID + 1;
    client->request = heap_alloc(P9_REQUEST_SIZE);
    client->answer = heap_alloc(P9_ANSWER_SIZE);
    client->call = heap_alloc_zero(sizeof(*client->call));
    if (client->request && client->answer && client->call && share->segments_max > 3)
        err = agree_on_version(client);
    if (err == 0)
        err = attach(client);
    if (err < 0)
        p9_client_close(client);
    return err;
}

void p9_client_close(struct p9_client *client)
{
    if (client->is_dead)
        return;
    heap_free(client->request);
    heap_free(client->answer);
    heap_free(client->call);
}
