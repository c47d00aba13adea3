/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of the host: a server that keeps to the protocol, and those that do not. */
#include "abi/linux/errors.h"
#include "abi/linux/stat.h"
#include "abi/p9/p9.h"
#include "kernel/arch/mmu.h"
#include "kernel/fs/9p/9p.h"
#include "kernel/fs/9p/wire.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "kernel/share/share.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

/* ---- A server. ---- */

enum {
    FIDS = 64,
    NODES = 5,
    BIG_SIZE = 300000,
};

static struct shared_file {
    const char *name;
    u32 mode;
    u64 size;
    const char *text; /* NULL: a pattern. */
    u32 version;
} files[NODES] = {
    { "", S_IFDIR | 0755, 4096, NULL, 1 },        { "hello", S_IFREG | 0644, 5, "hello", 1 },
    { "big", S_IFREG | 0600, BIG_SIZE, NULL, 1 }, { "link", S_IFLNK | 0777, 6, "target", 1 },
    { "sub", S_IFDIR | 0755, 4096, NULL, 1 },
};

static struct {
    bool is_used;
    bool is_open;
    u32 node;
} fids[FIDS];

static u32 fids_used;
static bool is_lying;
static u32 calls;
static bool is_silent;
static const struct share_call *held; /* The one that a silent server has. */
static u32 read_max = ~0u;            /* Bytes that the server gives at once. */

static u8 pattern(u64 off)
{
    return (u8)(off * 7 + (off >> 12));
}

static void put_qid(struct p9_writer *out, u32 node)
{
    u8 head[5] = { (files[node].mode & S_IFMT) == S_IFDIR ? P9_QID_DIRECTORY : 0 };

    memcpy(head + 1, &files[node].version, 4);
    memcpy(out->bytes + out->len, head, sizeof(head));
    out->len += sizeof(head);
    p9_put64(out, 100 + node);
}

static void put_attr(struct p9_writer *out, u32 node)
{
    p9_put64(out, P9_GETATTR_BASIC);
    put_qid(out, node);
    p9_put32(out, files[node].mode);
    p9_put32(out, 1000);
    p9_put32(out, 1001);
    p9_put64(out, 1);
    p9_put64(out, 0);
    p9_put64(out, files[node].size);
    p9_put64(out, 4096);
    p9_put64(out, 8);
    for (u32 i = 0; i < 10; i++)
        p9_put64(out, i);
}

static void fid_set(u32 fid, u32 node)
{
    CHECK(fid < FIDS);
    CHECK(is_lying || !fids[fid].is_used);
    fids[fid].is_used = true;
    fids[fid].is_open = false;
    fids[fid].node = node;
    fids_used++;
}

static u32 node_of(u32 fid)
{
    CHECK(fid < FIDS);
    CHECK(is_lying || fids[fid].is_used);
    return fids[fid].node;
}

/* 0 and a node, or an error. */
static u32 walk(struct p9_reader *in, u32 *node)
{
    const char *name;
    u32 len;

    *node = node_of(p9_get32(in));
    (void)p9_get32(in);
    if (p9_get16(in) == 0)
        return 0;
    name = p9_get_text(in, &len);
    for (u32 i = 1; i < NODES; i++) {
        if (strlen(files[i].name) == len && memcmp(files[i].name, name, len) == 0) {
            *node = i;
            return 0;
        }
    }
    return ENOENT;
}

static void put_directory(struct p9_writer *out, u64 off)
{
    u32 at = out->len;
    u32 count;

    p9_put32(out, 0);
    for (u64 i = off; i < NODES && i < off + 2; i++) {
        u8 type = (u8)(files[i].mode >> 12);

        put_qid(out, (u32)i);
        p9_put64(out, i + 1);
        memcpy(out->bytes + out->len++, &type, 1);
        p9_put_text(out, i == 0 ? "." : files[i].name, (u32)strlen(i == 0 ? "." : files[i].name));
    }
    count = out->len - at - 4;
    memcpy(out->bytes + at, &count, 4);
}

static void answer_error(struct p9_writer *out, u8 *bytes, u32 error)
{
    p9_begin(out, bytes, P9_RLERROR, 1);
    p9_put32(out, error);
}

static void serve(struct p9_reader *in, u8 type, struct p9_writer *out)
{
    u32 node;
    u32 fid;
    u32 error;

    switch (type) {
    case P9_TVERSION:
        p9_put32(out, p9_get32(in));
        p9_put_text(out, P9_VERSION, 8);
        break;
    case P9_TATTACH:
        fid_set(p9_get32(in), 0);
        put_qid(out, 0);
        break;
    case P9_TWALK:
        error = walk(in, &node);
        if (error != 0) {
            answer_error(out, out->bytes, error);
            break;
        }
        memcpy(&fid, in->bytes + 11, 4);
        fid_set(fid, node);
        p9_put16(out, in->len > 17 ? 1 : 0);
        if (in->len > 17)
            put_qid(out, node);
        break;
    case P9_TCLUNK:
        fid = p9_get32(in);
        (void)node_of(fid);
        fids[fid].is_used = false;
        fids_used--;
        break;
    case P9_TGETATTR:
        put_attr(out, node_of(p9_get32(in)));
        break;
    case P9_TSTATFS:
        for (u32 i = 0; i < 2; i++)
            p9_put32(out, 512);
        for (u32 i = 0; i < 6; i++)
            p9_put64(out, i);
        break;
    case P9_TLOPEN:
        fid = p9_get32(in);
        put_qid(out, node_of(fid));
        fids[fid].is_open = true;
        p9_put32(out, 0);
        break;
    case P9_TREADLINK:
        p9_put_text(out, files[node_of(p9_get32(in))].text, 6);
        break;
    case P9_TREADDIR:
        fid = p9_get32(in);
        CHECK(fids[fid].is_open);
        put_directory(out, p9_get64(in));
        break;
    default:
        CHECK(!"a request that the test knows");
    }
}

/* The answer, spread over the room for it. */
static u32 spread(const struct share_call *call, const u8 *bytes, u32 len)
{
    u32 done = 0;

    for (u32 i = 0; i < call->in_count && done < len; i++) {
        const struct share_segment *to = &call->segments[call->out_count + i];
        u32 piece = len - done < to->len ? len - done : to->len;

        memcpy(to->bytes, bytes + done, piece);
        done += piece;
    }
    return done;
}

static u32 serve_read(struct p9_reader *in, const struct share_call *call)
{
    static u8 bytes[P9_READ_HEADER_SIZE + 2 * BIG_SIZE];
    u32 fid = p9_get32(in);
    const struct shared_file *file = &files[node_of(fid)];
    u64 off = p9_get64(in);
    u32 count = p9_get32(in);
    struct p9_writer out;
    u32 size;

    CHECK(fids[fid].is_open);
    if (off > file->size)
        off = file->size;
    if (count > file->size - off)
        count = (u32)(file->size - off);
    if (count > read_max)
        count = read_max;
    p9_begin(&out, bytes, P9_RREAD, 1);
    p9_put32(&out, count);
    for (u32 i = 0; i < count; i++)
        bytes[out.len + i] = file->text ? (u8)file->text[off + i] : pattern(off + i);
    size = out.len + count;
    memcpy(bytes, &size, 4);
    return spread(call, bytes, size);
}

static long server_call(struct share *share, const struct share_call *call)
{
    static u8 bytes[P9_REQUEST_SIZE];
    struct p9_reader in = { .bytes = call->segments[0].bytes, .len = call->segments[0].len };
    struct p9_writer out;
    u8 type;
    u16 tag;

    (void)share;
    CHECK_EQ(fake_locks_held, 0);
    CHECK_EQ(call->out_count, 1);
    calls++;
    if (is_silent) {
        held = call;
        return -ETIMEDOUT;
    }
    CHECK_EQ(p9_get32(&in), in.len);
    type = p9_get8(&in);
    tag = p9_get16(&in);
    CHECK_EQ(tag, type == P9_TVERSION ? P9_NO_TAG : 1);
    if (type == P9_TREAD)
        return serve_read(&in, call);
    p9_begin(&out, bytes, type + 1, tag);
    serve(&in, type, &out);
    return spread(call, bytes, p9_end(&out));
}

static struct share server = { .tag = "test", .segments_max = 68, .call = server_call };

static struct filesystem *mounted(u32 flags)
{
    struct filesystem *fs;

    page_cache_setup();
    CHECK_EQ(share_register(&server), 0);
    CHECK_EQ(p9_mount("test", flags, &fs), 0);
    return fs;
}

static int lookup(struct filesystem *fs, const char *name, struct inode **inode)
{
    return fs->root->ops->lookup(fs->root, name, (u32)strlen(name), inode);
}

/* ---- What it shows. ---- */

TEST(p9, shows_files_as_the_server_has_them)
{
    struct filesystem *fs = mounted(0);
    struct inode *hello;
    struct inode *again;
    struct inode *none;
    struct page *page;

    CHECK(fs->read_only);
    CHECK_EQ(inode_type(fs->root), S_IFDIR);
    CHECK_EQ(lookup(fs, "hello", &hello), 0);
    CHECK_EQ(hello->mode, S_IFREG | 0644);
    CHECK_EQ(hello->uid, 1000);
    CHECK_EQ(hello->size, 5);
    CHECK_EQ(hello->number, 101);
    CHECK_EQ(lookup(fs, "none", &none), -ENOENT);
    CHECK_EQ(lookup(fs, "hello", &again), 0);
    CHECK(again == hello);

    CHECK_EQ(page_cache_get(&hello->cache, 0, &page), 0);
    CHECK_EQ(memcmp(page_virt(page), "hello\0\0\0", 8), 0);
    CHECK_EQ(((u8 *)page_virt(page))[PAGE_SIZE - 1], 0);
    page_put(page);
    inode_put(hello);
    inode_put(again);
    CHECK_EQ(fids_used, 4); /* Attached; the root; hello, and hello opened. */
}

TEST(p9, reads_a_large_file_in_few_requests_and_also_in_many)
{
    struct filesystem *fs = mounted(0);
    struct inode *big;
    u32 before;

    CHECK_EQ(lookup(fs, "big", &big), 0);
    for (u32 round = 0; round < 2; round++) {
        read_max = round == 0 ? ~0u : 5000;
        page_cache_drop_from(&big->cache, 0);
        before = calls;
        for (u64 i = 0; i < (BIG_SIZE + PAGE_SIZE - 1) / PAGE_SIZE; i++) {
            struct page *page;

            CHECK_EQ(page_cache_get(&big->cache, i, &page), 0);
            for (u64 off = 0; off < PAGE_SIZE; off++) {
                u64 at = i * PAGE_SIZE + off;

                CHECK_EQ(((u8 *)page_virt(page))[off], at < BIG_SIZE ? pattern(at) : 0);
            }
            page_put(page);
        }
        CHECK(round == 1 || calls - before < 12);
    }
    inode_put(big);
}

struct names {
    char text[128];
    size_t len;
    u64 stop_at;
};

static bool note_name(void *arg, const char *name, u32 len, u64 number, u64 next_off, u8 type)
{
    struct names *names = arg;

    (void)number;
    (void)type;
    CHECK_EQ(fake_mutexes_held, 0); /* The name may go to memory that has to be read from here. */
    names->len += (size_t)snprintf(names->text + names->len, sizeof(names->text) - names->len,
                                   "%.*s ", (int)len, name);
    names->len %= sizeof(names->text);
    return next_off != names->stop_at;
}

TEST(p9, lists_a_directory_and_goes_on_where_it_stopped)
{
    struct filesystem *fs = mounted(0);
    struct names names = { .stop_at = 99 };

    CHECK_EQ(fs->root->ops->list(fs->root, 0, note_name, &names), 0);
    CHECK_EQ(strcmp(names.text, ". hello big link sub "), 0);
    memset(&names, 0, sizeof(names));
    CHECK_EQ(fs->root->ops->list(fs->root, 3, note_name, &names), 0);
    CHECK_EQ(strcmp(names.text, "link sub "), 0);
    memset(&names, 0, sizeof(names));
    names.stop_at = 2;
    CHECK_EQ(fs->root->ops->list(fs->root, 0, note_name, &names), 0);
    CHECK_EQ(strcmp(names.text, ". hello "), 0);
}

TEST(p9, reads_links)
{
    struct filesystem *fs = mounted(0);
    char target[8];
    struct inode *link;

    CHECK_EQ(lookup(fs, "link", &link), 0);
    CHECK_EQ(link->ops->readlink(link, target, sizeof(target)), 6);
    CHECK_EQ(memcmp(target, "target", 6), 0);
    CHECK_EQ(link->ops->readlink(link, target, 3), 3);
    inode_put(link);
    CHECK_EQ(lookup(fs, "hello", &link), 0);
    CHECK_EQ(link->ops->readlink(link, target, 3), -EINVAL);
    inode_put(link);
}

static u32 unmaps;

/* The old pages are out of the cache by then, or a fault could map them once more. */
static void note_unmap(struct inode *inode, u64 from, u64 to, bool copies_too)
{
    CHECK(from == 0 && to == UINT64_MAX && !copies_too);
    CHECK(!page_cache_find(&inode->cache, 0));
    unmaps++;
}

TEST(p9, sees_that_a_file_has_changed_when_it_is_looked_up_anew)
{
    struct filesystem *fs = mounted(0);
    struct inode *hello;
    struct page *page;

    inode_set_unmap_hook(note_unmap);
    CHECK_EQ(lookup(fs, "hello", &hello), 0);
    CHECK_EQ(page_cache_get(&hello->cache, 0, &page), 0);
    page_put(page);
    hello->cache.mapping_count = 1;
    inode_put(hello);
    files[1].text = "changed";
    files[1].size = 7;
    files[1].version = 2;
    CHECK_EQ(lookup(fs, "hello", &hello), 0);
    CHECK_EQ(hello->size, 7);
    CHECK_EQ(page_cache_get(&hello->cache, 0, &page), 0);
    CHECK_EQ(memcmp(page_virt(page), "changed", 8), 0);
    CHECK_EQ(unmaps, 1);
    page_put(page);
    inode_put(hello);
}

TEST(p9, needs_a_share)
{
    struct filesystem *fs;

    CHECK_EQ(p9_mount("nobody", 0, &fs), -ENODEV);
}

TEST(p9, leaves_nothing_behind_when_memory_is_out)
{
    struct filesystem *fs = mounted(0);
    struct inode *inode;
    u32 fids_before;
    long objects;

    CHECK_EQ(lookup(fs, "sub", &inode), 0);
    inode_put(inode);
    fids_before = fids_used;
    objects = fake_heap_objects;
    fake_alloc_fail_after = 0;
    CHECK_EQ(lookup(fs, "big", &inode), -ENOMEM);
    CHECK_EQ(fids_used, fids_before);
    CHECK_EQ(fake_heap_objects, objects);
}

/* ---- A server that says nothing. ---- */

TEST(p9, asks_a_server_that_does_not_answer_only_once)
{
    struct filesystem *fs = mounted(0);
    struct inode *hello;
    struct page *page;
    long pages_before;
    u32 calls_before;

    CHECK_EQ(lookup(fs, "hello", &hello), 0);
    CHECK_EQ(page_cache_get(&hello->cache, 0, &page), 0); /* Opens it. */
    page_put(page);
    page_cache_drop_from(&hello->cache, 0);
    is_silent = true;
    calls_before = calls;
    pages_before = fake_pages;
    CHECK_EQ(page_cache_get(&hello->cache, 0, &page), -ETIMEDOUT);
    CHECK_EQ(fake_pages, pages_before + 1); /* The server may write to it yet. */
    CHECK_EQ(page_cache_get(&hello->cache, 0, &page), -EIO);
    CHECK_EQ(fake_pages, pages_before + 1);
    CHECK_EQ(lookup(fs, "big", &hello), -EIO);
    CHECK_EQ(calls, calls_before + 1);
    CHECK_EQ(fake_log_errors, 1);
}

TEST(p9, leaves_its_memory_to_a_server_that_does_not_answer)
{
    struct filesystem *fs;

    page_cache_setup();
    CHECK_EQ(share_register(&server), 0);
    is_silent = true;
    CHECK_EQ(p9_mount("test", 0, &fs), -ETIMEDOUT);
    CHECK(held);
    CHECK_EQ(fake_heap_objects, 3); /* The request, the room for its answer, where they lie. */
}

/* ---- A server that lies. ---- */

TEST(p9_wire, refuses_answers_that_are_none)
{
    static const struct {
        const char *bytes;
        u32 received;
        int result;
        const char *remark;
    } cases[] = {
        { "\7\0\0\0\171\1\0", 7, 0, "an Rclunk" },
        { "\7\0\0\0\171\1\0", 6, -EIO, "cut" },
        { "", 0, -EIO, "nothing" },
        { "\10\0\0\0\171\1\0", 7, -EIO, "larger than what came" },
        { "\6\0\0\0\171\1\0", 7, -EIO, "smaller than a header" },
        { "\377\377\377\377\171\1\0", 7, -EIO, "huge" },
        { "\7\0\0\0\171\2\0", 7, -EIO, "of another tag" },
        { "\7\0\0\0\170\1\0", 7, -EIO, "of another type" },
        { "\13\0\0\0\7\1\0\2\0\0\0", 11, -ENOENT, "an error" },
        { "\13\0\0\0\7\1\0\0\0\0\0", 11, -EIO, "an error that is none" },
        { "\13\0\0\0\7\1\0\0\2\0\0", 11, -EIO, "an error of ours alone" },
        { "\12\0\0\0\7\1\0\2\0\0\0", 11, -EIO, "an error that is cut" },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        u8 *exact = malloc(cases[i].received + 1);
        struct p9_reader in;

        memcpy(exact + 1, cases[i].bytes, cases[i].received);
        if (p9_answer(&in, exact + 1, cases[i].received, P9_RCLUNK, 1) != cases[i].result) {
            fprintf(stderr, "%s\n", cases[i].remark);
            exit(1);
        }
        free(exact);
    }
}

TEST(p9_wire, refuses_names_that_are_none)
{
    static const char *const names[] = { "", "a/b", "/" };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        u8 bytes[P9_REQUEST_SIZE];
        struct p9_writer out = { .bytes = bytes, .len = 13 + 8 + 1 };
        struct p9_reader in;
        struct p9_entry entry;

        memset(bytes, 0, sizeof(bytes));
        p9_put_text(&out, names[i], (u32)strlen(names[i]));
        in = (struct p9_reader){ .bytes = bytes, .len = out.len };
        CHECK_EQ(p9_read_entry(&in, &entry), -EIO);
        in = (struct p9_reader){ .bytes = bytes, .len = out.len - 1 };
        CHECK_EQ(p9_read_entry(&in, &entry), -EIO);
    }
}

static u64 chance_state = 1;

static u32 chance(u32 bound)
{
    chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
    return (u32)(chance_state >> 33) % bound;
}

/* The honest answer with something wrong in it. */
static long liar_call(struct share *share, const struct share_call *call)
{
    long received = server_call(share, call);
    const struct share_segment *head = &call->segments[call->out_count];

    if (chance(3) == 0 && received > 0) {
        u8 *bytes = head->bytes;

        bytes[chance((u32)(received < head->len ? received : head->len))] = (u8)chance(256);
    }
    if (chance(9) == 0)
        received = chance((u32)received + 1);
    return chance(30) == 0 ? -EIO : received;
}

/* Whatever comes of it, it is an answer, and nothing out of bounds is touched. */
TEST(p9, survives_a_server_that_lies)
{
    static struct filesystem *kept[3000]; /* Nothing is ever unmounted. */
    struct filesystem *fs;

    page_cache_setup();
    server.call = liar_call;
    is_lying = true;
    CHECK_EQ(share_register(&server), 0);
    for (u32 round = 0; round < ARRAY_COUNT(kept); round++) {
        struct names names = { .stop_at = 4 };
        struct inode *inode;
        struct page *page;
        char target[8];

        memset(fids, 0, sizeof(fids));
        if (p9_mount("test", 0, &fs) < 0)
            continue;
        kept[round] = fs;
        fs->root->ops->list(fs->root, 0, note_name, &names);
        if (lookup(fs, chance(2) ? "big" : "link", &inode) == 0) {
            if (inode->ops->readlink)
                (void)inode->ops->readlink(inode, target, sizeof(target));
            if (page_cache_get(&inode->cache, chance(80), &page) == 0)
                page_put(page);
            inode_put(inode);
        }
    }
}
