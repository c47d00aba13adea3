/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's answers to 9P requests: the input is what comes, answer after answer, each a length of
 * two bytes and as many bytes. Whatever they say, it ends in results within their bounds.
 */
#include "abi/linux/errors.h"
#include "kernel/fs/9p/client.h"
#include "kernel/fs/9p/wire.h"
#include "kernel/mm/page.h"
#include "kernel/share/share.h"
#include "lib/base/types.h"
#include "test/fuzz/fuzz.h"

static const u8 *rest;
static size_t rest_size;

static long answer(struct share *share, const struct share_call *call)
{
    size_t size;
    size_t done = 0;

    (void)share;
    if (rest_size < 2)
        return -EIO;
    size = (size_t)(rest[0] | rest[1] << 8);
    rest += 2;
    rest_size -= 2;
    if (size > rest_size)
        size = rest_size;
    for (u32 i = 0; i < call->in_count && done < size; i++) {
        const struct share_segment *to = &call->segments[call->out_count + i];
        size_t piece = size - done < to->len ? size - done : to->len;

        memcpy(to->bytes, rest + done, piece);
        done += piece;
    }
    rest += size;
    rest_size -= size;
    return (long)done;
}

static void list(struct p9_client *client)
{
    u8 *bytes = malloc(P9_DIRECTORY_SIZE);
    long len = p9_readdir(client, 1, 0, bytes);
    struct p9_reader in = { .bytes = bytes, .len = (u32)len };
    struct p9_entry entry;

    FUZZ_CHECK(len <= P9_DIRECTORY_SIZE);
    while (len > 0 && p9_read_entry(&in, &entry) == 1)
        FUZZ_CHECK(entry.name_len > 0 && entry.name_len <= P9_NAME_MAX);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct share share = { .tag = "fuzz", .segments_max = 68, .call = answer };
    struct p9_client *client = malloc(sizeof(*client));
    struct page *pages[2];
    struct p9_attr attr;
    struct p9_statfs statfs;
    struct p9_qid qid;
    char target[16];
    u32 fid;
    long got;

    rest = bytes;
    rest_size = size;
    if (p9_client_open(client, &share) == 0) {
        pages[0] = page_alloc(0, 0);
        pages[1] = page_alloc(0, 0);
        (void)!p9_statfs(client, &statfs);
        (void)!p9_walk(client, 0, "name", 4, &fid, &qid);
        (void)!p9_getattr(client, 1, &attr);
        (void)!p9_lopen(client, 1);
        got = p9_readlink(client, 1, target, sizeof(target));
        FUZZ_CHECK(got <= (long)sizeof(target));
        list(client);
        got = p9_read_pages(client, 1, 0, pages, 2);
        FUZZ_CHECK(got <= 8192);
        p9_clunk(client, 1);
        page_free(pages[0]);
        page_free(pages[1]);
        p9_client_close(client);
    }
    free(client);
    return 0;
}
