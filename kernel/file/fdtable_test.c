/* SPDX-License-Identifier: Apache-2.0 */
/* Which descriptor a file gets, what falls out of the table, and that no reference is lost. */
#include "kernel/file/fdtable.h"

#include "abi/linux/errors.h"
#include "kernel/file/file.h"
#include "lib/base/types.h"
#include "test/unit/unit.h"

static const struct file_ops nothing = { .name = "nothing" };

static struct file *new_file(void)
{
    struct file *file = file_create(&nothing, NULL, FILE_READABLE);

    CHECK(file);
    return file;
}

static struct fdtable *fresh_table(void)
{
    fdtable_init(current_fdtable());
    return current_fdtable();
}

static void take_out(struct fdtable *table, int fd)
{
    struct file *file;

    CHECK_EQ(fdtable_replace(table, fd, NULL, false, &file), 0);
    CHECK(file);
    file_put(file);
}

TEST(fdtable, gives_the_lowest_free_descriptor)
{
    struct fdtable *table = fresh_table();

    for (int fd = 0; fd < 200; fd++)
        CHECK_EQ(fdtable_insert(table, new_file(), 0, false), fd);
    take_out(table, 130);
    take_out(table, 7);
    CHECK_EQ(fdtable_insert(table, new_file(), 0, false), 7);
    CHECK_EQ(fdtable_insert(table, new_file(), 0, false), 130);
    CHECK_EQ(fdtable_insert(table, new_file(), 0, false), 200);
    CHECK_EQ(fdtable_insert(table, new_file(), 500, false), 500);
    CHECK_EQ(fdtable_insert(table, new_file(), 500, false), 501);
    fdtable_close_all(table);
    CHECK_EQ(file_count(), 0);
}

TEST(fdtable, refuses_beyond_the_limit)
{
    struct fdtable *table = fresh_table();
    struct file *file = new_file();
    struct file *displaced;

    fdtable_set_limit(table, 3);
    for (int fd = 0; fd < 3; fd++) {
        CHECK(!fdtable_is_full(table));
        CHECK_EQ(fdtable_insert(table, new_file(), 0, false), fd);
    }
    CHECK(fdtable_is_full(table));
    CHECK_EQ(fdtable_insert(table, file, 0, false), -EMFILE);
    CHECK_EQ(fdtable_insert(table, file, 3, false), -EINVAL);
    CHECK_EQ(fdtable_insert(table, file, -1, false), -EINVAL);
    CHECK_EQ(fdtable_replace(table, 3, file, false, &displaced), -EBADF);
    CHECK_EQ(fdtable_replace(table, -1, file, false, &displaced), -EBADF);
    CHECK_EQ(fdtable_replace(table, FDTABLE_SIZE_MAX, NULL, false, &displaced), -EBADF);
    CHECK_EQ(file->refs, 1);
    file_put(file);
}

TEST(fdtable, grows_to_its_size)
{
    struct fdtable *table = fresh_table();
    int last = FDTABLE_SIZE_MAX - 1;

    fdtable_set_limit(table, UINT64_MAX);
    CHECK_EQ(fdtable_insert(table, new_file(), last, false), last);
    CHECK_EQ(fdtable_next(table, 0), last);
    CHECK_EQ(fdtable_insert(table, new_file(), 0, false), 0);
    CHECK_EQ(fdtable_next(table, 1), last);
    CHECK_EQ(fdtable_next(table, last + 1), -1);
    fdtable_close_all(table);
    CHECK_EQ(fdtable_next(table, 0), -1);
    CHECK_EQ(file_count(), 0);
}

TEST(fdtable, crosses_from_chunk_to_chunk)
{
    struct fdtable *table = fresh_table();

    for (int fd = 0; fd < 3000; fd++)
        CHECK_EQ(fdtable_insert(table, new_file(), 0, false), fd);
    take_out(table, 1024);
    CHECK_EQ(fdtable_insert(table, new_file(), 0, false), 1024);
    fdtable_close_all(table);
    CHECK_EQ(file_count(), 0);
}

TEST(fdtable, get_takes_a_reference_and_finds_nothing_out_of_range)
{
    struct fdtable *table = fresh_table();
    struct file *file = new_file();

    CHECK_EQ(fdtable_insert(table, file, 5, true), 5);
    CHECK(fdtable_get(table, 5) == file);
    CHECK_EQ(file->refs, 2);
    CHECK(!fdtable_get(table, 4));
    CHECK(!fdtable_get(table, -1));
    CHECK(!fdtable_get(table, INT32_MAX));
    CHECK(!fdtable_get(table, 100000));
}

TEST(fdtable, remembers_close_on_exec)
{
    struct fdtable *table = fresh_table();
    struct file *displaced;

    CHECK_EQ(fdtable_insert(table, new_file(), 0, true), 0);
    CHECK_EQ(fdtable_get_cloexec(table, 0), 1);
    CHECK_EQ(fdtable_set_cloexec(table, 0, false), 0);
    CHECK_EQ(fdtable_get_cloexec(table, 0), 0);
    CHECK_EQ(fdtable_get_cloexec(table, 1), -EBADF);
    CHECK_EQ(fdtable_set_cloexec(table, 1, true), -EBADF);
    CHECK_EQ(fdtable_replace(table, 0, new_file(), true, &displaced), 0);
    CHECK(displaced);
    CHECK_EQ(fdtable_get_cloexec(table, 0), 1);
    file_put(displaced);
}
