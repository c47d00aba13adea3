/* SPDX-License-Identifier: Apache-2.0 */
#include "host/new_file.h"

#include "host/err.h"
#include "host/file.h"
#include "test/unit/unit.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void enter_fresh_folder(void)
{
    char folder[] = "/tmp/new-file-XXXXXX";

    CHECK(mkdtemp(folder));
    CHECK_EQ(chdir(folder), 0);
}

static int entry_count(void)
{
    DIR *dir = opendir(".");
    int count = 0;

    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void leave_folder(void)
{
    char path[64];

    CHECK(getcwd(path, sizeof(path)));
    CHECK_EQ(chdir("/"), 0);
    dir_remove(path);
}

TEST(new_file, is_not_there_until_it_is_kept)
{
    struct err err = { 0 };
    struct new_file file;
    char *text;

    enter_fresh_folder();
    CHECK_EQ(new_file_open(&file, "x", 0600, &err), 0);
    CHECK_EQ(file_write_at(file.fd, "new", 3, 0), 0);
    CHECK(access("x", F_OK) < 0);
    CHECK_EQ(new_file_keep(&file, true, &err), 0);
    text = file_read_text("x", 100);
    CHECK(text && strcmp(text, "new") == 0);
    free(text);
    CHECK_EQ(entry_count(), 1);
    leave_folder();
}

TEST(new_file, takes_the_place_of_what_is_there)
{
    struct err err = { 0 };
    struct new_file file;
    char *text;

    enter_fresh_folder();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(new_file_open(&file, "x", 0600, &err), 0);
        CHECK_EQ(file_write_at(file.fd, i == 0 ? "old" : "new", 3, 0), 0);
        CHECK_EQ(new_file_keep(&file, false, &err), 0);
    }
    text = file_read_text("x", 100);
    CHECK(text && strcmp(text, "new") == 0);
    free(text);
    CHECK_EQ(entry_count(), 1);
    leave_folder();
}

TEST(new_file, leaves_nothing_when_dropped_or_when_it_cannot_be)
{
    struct err err = { 0 };
    struct new_file file;

    enter_fresh_folder();
    CHECK_EQ(new_file_open(&file, "x", 0600, &err), 0);
    new_file_drop(&file);
    new_file_drop(&file);
    CHECK_EQ(entry_count(), 0);

    CHECK_EQ(new_file_open(&file, "nothing/x", 0600, &err), -1);
    CHECK(strstr(err.text, "nothing"));
    new_file_drop(&file);

    CHECK_EQ(mkdir("x", 0700), 0);
    CHECK_EQ(new_file_open(&file, "x", 0600, &err), 0);
    CHECK_EQ(new_file_keep(&file, false, &err), -1);
    CHECK_EQ(rmdir("x"), 0);
    CHECK_EQ(entry_count(), 0);
    leave_folder();
}
