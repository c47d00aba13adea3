/* SPDX-License-Identifier: Apache-2.0 */
/* What is found again of what was read in files, and what a damaged file of facts does. */
#include "ops/image/facts.h"

#include "ops/image/tree.h"
#include "test/unit/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MANY = 3000, /* The table has to grow, and to be made large enough when it is read. */
};

static char dir[32];
static char path[64];

static struct tree_stamp stamp_of(uint64_t inode)
{
    return (struct tree_stamp){ .device = 1, .inode = inode, .changed_s = 1000 };
}

static struct facts *begin(void)
{
    snprintf(dir, sizeof(dir), "/tmp/facts-test-XXXXXX");
    CHECK(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/cache/facts", dir);
    return facts_open(path);
}

static void end(void)
{
    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    CHECK_EQ(rmdir(path), 0);
    CHECK_EQ(rmdir(dir), 0);
}

static const char *find(const struct facts *facts, uint64_t inode, size_t *size)
{
    struct tree_stamp stamp = stamp_of(inode);

    return facts_find(facts, FACTS_LIBRARY, &stamp, size);
}

static void add(struct facts *facts, uint64_t inode, const char *texts, size_t size)
{
    struct tree_stamp stamp = stamp_of(inode);

    facts_add(facts, FACTS_LIBRARY, &stamp, texts, size);
}

TEST(facts, are_there_the_next_time)
{
    struct facts *facts = begin();
    size_t size = 0;

    for (uint64_t i = 0; i < MANY; i++)
        add(facts, i, "nlibc.so.6\0h0", i % 2 == 0 ? sizeof("nlibc.so.6\0h0") : 0);
    facts_close(facts);
    facts = facts_open(path);
    for (uint64_t i = 0; i < MANY; i++) {
        CHECK(find(facts, i, &size));
        CHECK_EQ(size, i % 2 == 0 ? 14 : 0);
    }
    CHECK_EQ(memcmp(find(facts, 0, &size), "nlibc.so.6\0h0", 14), 0);
    CHECK(!find(facts, MANY, &size));
    facts_close(facts);
    end();
}

TEST(facts, of_another_stamp_or_kind_do_not_count)
{
    struct facts *facts = begin();
    struct tree_stamp stamp = stamp_of(7);
    size_t size = 0;

    add(facts, 7, "x", 2);
    CHECK(!facts_find(facts, FACTS_PROGRAM, &stamp, &size));
    stamp.changed_ns = 1;
    CHECK(!facts_find(facts, FACTS_LIBRARY, &stamp, &size));
    CHECK(find(facts, 7, &size));
    CHECK(!facts_find(NULL, FACTS_LIBRARY, &stamp, &size));
    facts_close(facts);
    end();
}

TEST(facts, of_a_file_that_changed_just_now_are_not_kept)
{
    struct facts *facts = begin();
    struct tree_stamp stamp = stamp_of(1);
    size_t size = 0;

    stamp.changed_s = time(NULL);
    facts_add(facts, FACTS_LIBRARY, &stamp, "x", 2);
    CHECK(!facts_find(facts, FACTS_LIBRARY, &stamp, &size));
    facts_close(facts);
    CHECK(access(path, F_OK) < 0);
    CHECK_EQ(rmdir(dir), 0);
}

static bool is_known(uint64_t inode)
{
    struct facts *facts = facts_open(path);
    size_t size = 0;
    bool known = find(facts, inode, &size) != NULL;

    facts_close(facts);
    return known;
}

/* Whatever is changed, there is nothing known. */
TEST(facts, of_a_changed_file_are_none)
{
    struct facts *facts = begin();
    uint8_t bytes[512];
    ssize_t len;
    int fd;

    add(facts, 1, "nlibc.so.6", 11);
    facts_close(facts);
    fd = open(path, O_RDWR);
    len = read(fd, bytes, sizeof(bytes));
    CHECK(len > 0 && len < (ssize_t)sizeof(bytes));
    for (ssize_t i = 0; i < len; i++) {
        uint8_t wrong = bytes[i] ^ 0x41;

        CHECK_EQ(pwrite(fd, &wrong, 1, i), 1);
        CHECK(!is_known(1));
        CHECK_EQ(pwrite(fd, &bytes[i], 1, i), 1);
    }
    CHECK(is_known(1));
    close(fd);
    end();
}

TEST(facts, of_a_file_cut_short_are_none)
{
    struct facts *facts = begin();

    add(facts, 1, "nlibc.so.6", 11);
    facts_close(facts);
    CHECK(is_known(1));
    for (int size = 100; size >= 0; size--) {
        CHECK_EQ(truncate(path, size), 0);
        CHECK(!is_known(1));
    }
    end();
}

static void half_made(const char *name, time_t seconds)
{
    struct timespec times[] = { { .tv_sec = seconds }, { .tv_sec = seconds } };
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    CHECK_EQ(futimens(fd, times), 0);
    close(fd);
}

TEST(facts, that_were_left_half_written_are_removed)
{
    struct facts *facts = begin();
    char old[96];
    char new[96];
    char other[96];

    snprintf(old, sizeof(old), "%s.4711.tmp", path);
    snprintf(new, sizeof(new), "%s.4712.tmp", path);
    snprintf(other, sizeof(other), "%s.tmp", path);
    add(facts, 1, "x", 2);
    facts_close(facts);
    half_made(old, time(NULL) - 3600);
    half_made(new, time(NULL));
    half_made(other, time(NULL) - 3600);
    facts_close(facts_open(path));
    CHECK_EQ(access(old, F_OK), 0); /* Nothing was written. */
    facts = facts_open(path);
    add(facts, 2, "x", 2);
    facts_close(facts);
    CHECK(access(old, F_OK) < 0);
    CHECK_EQ(unlink(new), 0);
    CHECK_EQ(unlink(other), 0);
    end();
}
