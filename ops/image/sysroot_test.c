/* SPDX-License-Identifier: Apache-2.0 */
/* Links in a root count from there. */
#include "ops/image/sysroot.h"

#include "host/strings.h"
#include "host/xmem.h"
#include "test/unit/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/sysroot-test-XXXXXX";

static char *in_root(const char *path)
{
    return xasprintf("%s/%s", root, path);
}

static void link_make(const char *path, const char *target)
{
    char *full = in_root(path);

    CHECK_EQ(symlink(target, full), 0);
    free(full);
}

static void dir_make(const char *path)
{
    char *full = in_root(path);

    CHECK_EQ(mkdir(full, 0700), 0);
    free(full);
}

static void root_make(void)
{
    CHECK(mkdtemp(root) != NULL);
    dir_make("usr");
    dir_make("usr/lib");
    dir_make("usr/lib/p3.9");
    dir_make("usr/lib/p3.11");
    link_make("lib", "usr/lib");
    link_make("abs", "/usr/lib");
    link_make("up", "../../../../usr");
    link_make("loop", "loop");
}

static void root_remove(void)
{
    static const char *const paths[] = { "loop",          "up",      "abs", "lib", "usr/lib/p3.9",
                                         "usr/lib/p3.11", "usr/lib", "usr", "" };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char *full = in_root(paths[i]);

        CHECK_EQ(remove(full), 0);
        free(full);
    }
}

TEST(sysroot, resolves_links_within_the_root)
{
    static const struct {
        const char *path;
        const char *wanted; /* Behind the root. */
    } cases[] = {
        { "/usr/lib/x", "/usr/lib/x" }, { "/lib/x", "/usr/lib/x" },
        { "/abs/x", "/usr/lib/x" },     { "/abs", "/usr/lib" },
        { "/up/lib/x", "/usr/lib/x" },  { "/../../etc/passwd", "/etc/passwd" },
        { "/lib/../x", "/usr/x" },      { "/usr/./lib//x", "/usr/lib/x" },
        { "/none/x", "/none/x" },       { "/loop/x", "" },
    };

    root_make();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *real = sysroot_resolve(root, cases[i].path);

        CHECK_EQ(strncmp(real, root, strlen(root)), 0);
        CHECK_EQ(strcmp(real + strlen(root), cases[i].wanted), 0);
        free(real);
    }
    root_remove();
}

TEST(sysroot, finds_what_matches_a_pattern)
{
    struct strings found = { 0 };

    root_make();
    sysroot_glob(&found, root, "/abs/p3.*");
    sysroot_glob(&found, root, "/*/nothing");
    sysroot_glob(&found, root, "/usr/lib");
    CHECK_EQ(found.count, 3);
    CHECK_EQ(strcmp(found.items[0], "/abs/p3.11"), 0);
    CHECK_EQ(strcmp(found.items[1], "/abs/p3.9"), 0);
    CHECK_EQ(strcmp(found.items[2], "/usr/lib"), 0);
    strings_fini(&found);
    root_remove();
}
