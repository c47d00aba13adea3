/* SPDX-License-Identifier: Apache-2.0 */
/* Packets against a plain copy of their bytes, and their page references counted. */
#include "kernel/mm/page.h"
#include "kernel/net/checksum.h"
#include "kernel/net/netbuf.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

enum {
    SIZE = 5000,
};

static u8 model[SIZE];

/* A received packet: all of it in fragments of odd lengths. */
static struct netbuf *make(void)
{
    static const u32 lens[] = { 1, 13, 100, 1, 885, 4000 };
    struct netbuf *buf;
    u32 done = 0;

    static bool is_ready;

    if (!is_ready)
        netbuf_init();
    is_ready = true;
    for (u32 i = 0; i < SIZE; i++)
        model[i] = (u8)(i * 7 + i / 256);
    buf = netbuf_create();
    for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
        CHECK(netbuf_append_copy(buf, model + done, lens[i]));
        done += lens[i];
    }
    CHECK_EQ(done, SIZE);
    CHECK_EQ(buf->len, SIZE);
    return buf;
}

/* It holds model[from .. from + len), whichever way one looks at it. */
static void check_holds(const struct netbuf *buf, u32 from, u32 len)
{
    static u8 copy[SIZE];
    u32 sum = checksum_fold(netbuf_checksum(buf, 0, len, 0));

    CHECK_EQ(buf->len, len);
    CHECK(netbuf_read(buf, 0, copy, len));
    CHECK(mem_equal(copy, model + from, len));
    CHECK(!netbuf_read(buf, 0, copy, len + 1));
    CHECK(!netbuf_read(buf, len + 1, copy, 0));
    CHECK_EQ(sum, checksum_fold(checksum_add(model + from, len, 0)));
}

static void destroy(struct netbuf *buf)
{
    netbuf_destroy(buf);
    CHECK_EQ(netbuf_count(), 0);
    CHECK_EQ(fake_pages, 0);
}

TEST(netbuf, pulls_headers_across_fragments)
{
    struct netbuf *buf = make();
    u8 *header = netbuf_pull_head(buf, 14);

    CHECK(mem_equal(header, model, 14));
    check_holds(buf, 0, SIZE);
    netbuf_pull(buf, 14);
    check_holds(buf, 14, SIZE - 14);
    buf->network_off = buf->head_off;
    CHECK(netbuf_pull_head(buf, 20));
    header = netbuf_pull_head(buf, 60);
    CHECK(mem_equal(header, model + 14, 60));
    netbuf_pull(buf, 60);
    header = netbuf_pull_head(buf, 60);
    CHECK(mem_equal(header, model + 74, 60));
    check_holds(buf, 74, SIZE - 74);
    CHECK(mem_equal(buf->head + buf->network_off, model + 14, 60));
    destroy(buf);
}

TEST(netbuf, refuses_to_pull_what_is_not_there)
{
    struct netbuf *buf = make();

    CHECK(!netbuf_pull_head(buf, NETBUF_HEAD_SIZE + 1));
    netbuf_trim(buf, 10);
    CHECK(!netbuf_pull_head(buf, 11));
    CHECK(netbuf_pull_head(buf, 10));
    CHECK_EQ(buf->frag_count, 0);
    netbuf_pull(buf, 10);
    CHECK_EQ(buf->len, 0);
    CHECK(!netbuf_pull_head(buf, 1));
    destroy(buf);
}

TEST(netbuf, moves_the_head_when_room_behind_it_is_short)
{
    struct netbuf *buf = make();

    CHECK(netbuf_pull_head(buf, 130));
    netbuf_pull(buf, 100);
    buf->network_off = buf->head_off;
    CHECK(netbuf_pull_head(buf, 120));
    CHECK(mem_equal(buf->head + buf->network_off, model + 100, 120));
    check_holds(buf, 100, SIZE - 100);
    destroy(buf);
}

TEST(netbuf, pushes_into_the_reserve_until_it_is_used_up)
{
    struct netbuf *buf = make();
    u8 *at = netbuf_push(buf, NETBUF_HEAD_SIZE - 4);

    CHECK(at != NULL);
    CHECK_EQ(buf->len, SIZE + NETBUF_HEAD_SIZE - 4);
    CHECK(!netbuf_push(buf, 5));
    CHECK(netbuf_push(buf, 4));
    netbuf_pull(buf, NETBUF_HEAD_SIZE);
    check_holds(buf, 0, SIZE);
    destroy(buf);
}

TEST(netbuf, trims_and_drops_anywhere)
{
    for (u32 at = 0; at <= SIZE; at += 7) {
        struct netbuf *buf = make();

        if (at & 1)
            CHECK(netbuf_pull_head(buf, 20));
        netbuf_trim(buf, at);
        check_holds(buf, 0, at);
        destroy(buf);

        buf = make();
        if (at & 1)
            CHECK(netbuf_pull_head(buf, 20));
        netbuf_drop_front(buf, at);
        check_holds(buf, at, SIZE - at);
        destroy(buf);
    }
}

TEST(netbuf, shares_pages_without_copying)
{
    struct netbuf *buf = make();
    struct netbuf *part = netbuf_create();
    struct page *first = buf->frags[2].page;

    CHECK(netbuf_share(part, buf, 50, 3000));
    check_holds(part, 50, 3000);
    CHECK(part->frags[0].page == first);
    CHECK_EQ(first->refs, 2);
    netbuf_destroy(buf);
    check_holds(part, 50, 3000);
    buf = netbuf_create();
    CHECK(!netbuf_share(buf, part, 2990, 11));
    netbuf_destroy(buf);
    destroy(part);
}

TEST(netbuf, joins_fragments_that_follow_each_other)
{
    struct netbuf *buf;
    struct page *page;

    netbuf_init();
    buf = netbuf_create();
    page = page_alloc(0, 0);
    CHECK(netbuf_add_frag(buf, page_get(page), 0, 10));
    CHECK(netbuf_add_frag(buf, page_get(page), 10, 20));
    CHECK(netbuf_add_frag(buf, page_get(page), 31, 20));
    CHECK_EQ(buf->frag_count, 2);
    CHECK_EQ(page->refs, 3);
    for (u32 i = 2; i < NETBUF_FRAGS_MAX; i++)
        CHECK(netbuf_add_frag(buf, page_get(page), 100 * i, 1));
    CHECK(!netbuf_add_frag(buf, page, 0, 1));
    page_put(page);
    destroy(buf);
}

TEST(netbuf, gives_pages_back_when_memory_runs_out)
{
    struct netbuf *buf;

    netbuf_init();
    buf = netbuf_create();
    fake_alloc_fail_after = 1;
    CHECK(!netbuf_append_copy(buf, model, SIZE));
    destroy(buf);
    fake_alloc_fail_after = 0;
    CHECK(!netbuf_create());
}
