/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/state/state.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/state/own.h"
#include "test/unit/unit.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *home_make(void)
{
    char *home = xstrdup("/tmp/ops-state-XXXXXX");

    CHECK(mkdtemp(home));
    CHECK_EQ(setenv("OPS_HOME", home, 1), 0);
    return home;
}

static void home_remove(char *home)
{
    struct err err = { 0 };

    CHECK_EQ(state_remove(home, &err), 0);
    CHECK(access(home, F_OK) < 0);
    free(home);
}

static void file_put(enum state_folder folder, const char *name)
{
    struct err err = { 0 };
    char *path = state_path(folder, name, "");

    CHECK_EQ(state_write(path, "text", &err), 0);
    free(path);
}

static bool is_there(enum state_folder folder, const char *name)
{
    char *path = state_path(folder, name, "");
    bool there = access(path, F_OK) == 0;

    free(path);
    return there;
}

TEST(state, names_are_checked)
{
    static const struct {
        const char *name;
        int status;
    } cases[] = {
        { "a", 0 },
        { "My-app_1.2", 0 },
        { "9lives", 0 },
        { "", -1 },
        { ".", -1 },
        { "..", -1 },
        { ".hidden", -1 },
        { "-o", -1 },
        { "a/b", -1 },
        { "a b", -1 },
        { "a\n", -1 },
        { "\xc3\xa4", -1 },
        { "0123456789012345678901234567890123456789012345678901234567890123", 0 },
        { "01234567890123456789012345678901234567890123456789012345678901234", -1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = { 0 };

        CHECK_EQ(state_name_check("image", cases[i].name, &err), cases[i].status);
        CHECK_EQ(err.text[0] != '\0', cases[i].status < 0);
    }
}

TEST(state, lists_names_sorted_and_removes_lone_descriptions)
{
    char *home = home_make();
    struct state_lock lock;
    struct strings names = { 0 };
    struct err err = { 0 };

    CHECK_EQ(state_list(&names, STATE_IMAGES, ".img", &err), 0);
    CHECK_EQ(names.count, 0);
    CHECK_EQ(state_lock(&lock, STATE_IMAGES, &err), 0);
    state_unlock(&lock);
    file_put(STATE_IMAGES, "b.img");
    file_put(STATE_IMAGES, "b.json");
    file_put(STATE_IMAGES, "a.img");
    file_put(STATE_IMAGES, "gone.json");
    CHECK_EQ(state_lock(&lock, STATE_IMAGES, &err), 0);
    state_unlock(&lock);
    CHECK(!is_there(STATE_IMAGES, "gone.json"));
    CHECK(is_there(STATE_IMAGES, "b.json"));
    CHECK_EQ(state_list(&names, STATE_IMAGES, ".img", &err), 0);
    CHECK_EQ(names.count, 2);
    CHECK_EQ(strcmp(names.items[0], "a"), 0);
    CHECK_EQ(strcmp(names.items[1], "b"), 0);
    strings_fini(&names);
    home_remove(home);
}

/* Runs `fn` in a process that ends without a chance to clean up. */
static void killed_run(void (*fn)(void))
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        fn();
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static void tmp_leave(void)
{
    struct err err = { 0 };
    char *path = state_tmp("half-made", &err);

    CHECK(path);
    CHECK_EQ(mkdir(path, 0500), 0);
    free(path);
}

static size_t tmp_count(void)
{
    struct strings names = { 0 };
    struct err err = { 0 };
    size_t count;

    CHECK_EQ(state_list(&names, STATE_TMP, "", &err), 0);
    count = names.count;
    strings_fini(&names);
    return count;
}

TEST(state, removes_what_a_dead_ops_was_making_and_nothing_else)
{
    char *home = home_make();
    struct state_lock lock;
    struct err err = { 0 };
    char *ours = state_tmp("ours", &err);

    CHECK(ours);
    CHECK_EQ(mkdir(ours, 0700), 0);
    killed_run(tmp_leave);
    CHECK_EQ(tmp_count(), 1); /* The child found it had a folder: ours. */
    CHECK_EQ(state_lock(&lock, STATE_VOLUMES, &err), 0);
    state_unlock(&lock);
    CHECK(access(ours, F_OK) == 0);
    free(ours);
    home_remove(home);
}

TEST(state, removes_tmp_of_the_dead_with_the_next_lock)
{
    char *home = home_make();
    struct state_lock lock;
    struct err err = { 0 };

    killed_run(tmp_leave);
    CHECK_EQ(tmp_count(), 1);
    CHECK_EQ(state_lock(&lock, STATE_VOLUMES, &err), 0);
    state_unlock(&lock);
    CHECK_EQ(tmp_count(), 0);
    home_remove(home);
}

static void lock_wait(void)
{
    struct state_lock lock;
    struct err err = { 0 };

    alarm(1); /* The lock is held by the parent: waiting for it ends here. */
    (void)state_lock(&lock, STATE_INSTANCES, &err);
}

TEST(state, a_lock_is_held_against_other_processes)
{
    char *home = home_make();
    struct state_lock lock;
    struct err err = { 0 };
    pid_t child;
    int status = 0;

    CHECK_EQ(state_lock(&lock, STATE_INSTANCES, &err), 0);
    child = fork();
    if (child == 0) {
        lock_wait();
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    state_unlock(&lock);
    killed_run(lock_wait);
    home_remove(home);
}

TEST(state, removing_follows_no_link)
{
    char *home = home_make();
    char *dir = xasprintf("%s/dir", home);
    char *link = xasprintf("%s/dir/link", home);
    char *kept = xasprintf("%s/kept", home);
    struct err err = { 0 };

    CHECK_EQ(mkdir(dir, 0700), 0);
    CHECK_EQ(mkdir(kept, 0700), 0);
    CHECK_EQ(symlink(kept, link), 0);
    CHECK_EQ(chmod(dir, 0500), 0);
    CHECK_EQ(state_remove(dir, &err), 0);
    CHECK_EQ(state_remove(dir, &err), 0);
    CHECK(access(dir, F_OK) < 0);
    CHECK(access(kept, F_OK) == 0);
    free(dir);
    free(link);
    free(kept);
    home_remove(home);
}

TEST(own, goes_when_it_is_closed)
{
    char *home = home_make();
    struct own_dir dir;
    struct err err = { 0 };
    char *path;

    CHECK_EQ(own_dir_open(&dir, STATE_RUN, &err), 0);
    path = own_dir_file(&dir, "x");
    CHECK_EQ(mkdir(path, 0700), 0);
    own_dir_close(&dir);
    own_dir_close(&dir);
    CHECK(access(path, F_OK) < 0);
    free(path);
    home_remove(home);
}
