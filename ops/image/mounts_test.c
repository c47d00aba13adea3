/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine's mounts hide of an image, and what is done for the program itself. */
#include "ops/image/mounts.h"

#include "host/err.h"
#include "ops/config/settings.h"
#include "ops/image/root.h"
#include "ops/image/tree.h"
#include "test/unit/unit.h"

#include <string.h>
#include <unistd.h>

static struct settings settings;
static struct err err;

TEST(mounts, hide_what_is_below_them_and_nothing_beside)
{
    static const struct {
        const char *path;
        const char *mount;
    } cases[] = {
        { "/tmp/server", "/tmp" }, { "/tmp", NULL },
        { "/tmpfs/x", NULL },      { "/var/log/a/b", "/var/log" },
        { "/var/lib/x", NULL },    { "/dev/shm/x", "/dev/shm" },
        { "/proc/x", "/proc" },    { "/srv/cache/x", "/srv/cache/" },
        { "/srv/x", NULL },
    };

    settings_init(&settings);
    strings_add(&settings.tmpfs, "/srv/cache/");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *mount = mounts_find(&settings, cases[i].path);

        CHECK_EQ(mount != NULL, cases[i].mount != NULL);
        CHECK(!mount || strcmp(mount, cases[i].mount) == 0);
    }
    settings_fini(&settings);
}

TEST(mounts, are_told_of_once_for_all_they_hide)
{
    struct strings notes = { 0 };
    struct tree tree;

    settings_init(&settings);
    tree_init(&tree);
    CHECK_EQ(tree_add_text(&tree, "/srv/x", "", &err), 0);
    CHECK_EQ(tree_add_dir(&tree, "/run/empty", &err), 0);
    mounts_note_hidden(&settings, &tree, &notes);
    CHECK_EQ(notes.count, 0);
    CHECK_EQ(tree_add_text(&tree, "/tmp/a", "", &err), 0);
    CHECK_EQ(tree_add_text(&tree, "/tmp/b/c", "", &err), 0);
    mounts_note_hidden(&settings, &tree, &notes);
    CHECK_EQ(notes.count, 1);
    CHECK(strstr(notes.items[0], "'/tmp/a' and what is beside it"));
    strings_fini(&notes);
    tree_fini(&tree);
    settings_fini(&settings);
}

TEST(mounts, do_not_hide_the_program_itself)
{
    char path[] = "/tmp/mounts-test-XXXXXX";
    int fd = mkstemp(path);
    struct root root;
    char moved[64];

    CHECK(fd >= 0);
    close(fd);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(symlink("/proc/self/exe", path), 0);
    settings_init(&settings);
    settings.program = strdup(path);
    CHECK_EQ(root_init(&root, &settings, &err), 0);
    snprintf(moved, sizeof(moved), "/usr/local/bin/%s", path + strlen("/tmp/"));
    CHECK(tree_find(&root.tree, moved));
    CHECK(!tree_find(&root.tree, path));
    CHECK_EQ(root.notes.count, 1);
    CHECK(strstr(root.notes.items[0], moved));
    root_fini(&root);
    settings_fini(&settings);
    CHECK_EQ(unlink(path), 0);
}
