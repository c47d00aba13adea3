/* SPDX-License-Identifier: Apache-2.0 */
/* link(2), symlink(2), readlink(2), and following links. */
#include "test/abi/abi.h"

#include <limits.h>

static void hard_links(void)
{
    struct stat st;

    abi_put("f", "data");
    EXPECT_EQ(link("f", "g"), 0);
    EXPECT(stat("f", &st) == 0 && st.st_nlink == 2);
    EXPECT_EQ(unlink("f"), 0);
    EXPECT(abi_holds("g", "data"));
    EXPECT(stat("g", &st) == 0 && st.st_nlink == 1);
    abi_put("f", "new");
    EXPECT(abi_holds("g", "data"));

    EXPECT_ERRNO(link("f", "g"), EEXIST);
    EXPECT_ERRNO(link("absent", "x"), ENOENT);
    EXPECT_ERRNO(link("f", "absent/x"), ENOENT);
    EXPECT_EQ(mkdir("d", 0700), 0);
    EXPECT_ERRNO(link("d", "d2"), EPERM);
    EXPECT_ERRNO(link("f", "/dev/shm/x"), EXDEV);
}

static void symbolic_links(void)
{
    char buf[PATH_MAX + 1];
    struct stat st;

    EXPECT_EQ(symlink("f", "s"), 0);
    EXPECT(abi_holds("s", "new"));
    memset(buf, '#', sizeof(buf));
    EXPECT_EQ(readlink("s", buf, sizeof(buf)), 1);
    EXPECT(buf[0] == 'f' && buf[1] == '#');
    EXPECT_EQ(symlink("d/../f", "long"), 0);
    EXPECT_EQ(readlink("long", buf, 3), 3);
    EXPECT(memcmp(buf, "d/.#", 4) == 0);
    EXPECT(abi_holds("long", "new"));

    EXPECT_ERRNO(symlink("x", "s"), EEXIST);
    EXPECT_ERRNO(symlink("", "empty"), ENOENT);
    EXPECT_ERRNO(symlink("x", "absent/y"), ENOENT);
    EXPECT_ERRNO(readlink("f", buf, sizeof(buf)), EINVAL);
    EXPECT_ERRNO(readlink("absent", buf, sizeof(buf)), ENOENT);
    EXPECT_ERRNO(readlink("s", abi_bad_pointer(), 8), EFAULT);

    /* link() does not follow, linkat() does when asked to. */
    EXPECT_EQ(link("s", "s2"), 0);
    EXPECT(lstat("s2", &st) == 0 && S_ISLNK(st.st_mode));
    EXPECT_EQ(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW), 0);
    EXPECT(lstat("s3", &st) == 0 && S_ISREG(st.st_mode));
}

static void long_targets_and_chains(void)
{
    static char target[PATH_MAX + 1];
    char buf[PATH_MAX];
    char name[16];
    char previous[16] = "f";
    int i;

    memset(target, 't', PATH_MAX);
    EXPECT_ERRNO(symlink(target, "toolong"), ENAMETOOLONG);
    target[PATH_MAX - 100] = '\0';
    EXPECT_EQ(symlink(target, "slow"), 0);
    EXPECT_EQ(readlink("slow", buf, sizeof(buf)), PATH_MAX - 100);
    EXPECT(memcmp(buf, target, PATH_MAX - 100) == 0);
    EXPECT_ERRNO(open("slow", O_RDONLY), ENAMETOOLONG);

    /* Linux follows 40 links and refuses the next. */
    for (i = 1; i <= 41; i++) {
        snprintf(name, sizeof(name), "chain%d", i);
        EXPECT_EQ(symlink(previous, name), 0);
        memcpy(previous, name, sizeof(name));
    }
    EXPECT(abi_holds("chain40", "new"));
    EXPECT_ERRNO(access("chain41", F_OK), ELOOP);
}

static void links_to_directories(void)
{
    struct stat st;

    EXPECT_EQ(symlink("d", "dl"), 0);
    abi_put("dl/inside", "x");
    EXPECT(abi_holds("d/inside", "x"));
    EXPECT(lstat("dl", &st) == 0 && S_ISLNK(st.st_mode));
    EXPECT(lstat("dl/", &st) == 0 && S_ISDIR(st.st_mode));
    EXPECT(lstat("dl/.", &st) == 0 && S_ISDIR(st.st_mode));
    EXPECT_ERRNO(unlink("dl/"), ENOTDIR);
    EXPECT_EQ(unlink("dl"), 0);
    EXPECT(abi_holds("d/inside", "x"));
}

int main(void)
{
    abi_dir();
    hard_links();
    symbolic_links();
    long_targets_and_chains();
    links_to_directories();
    return abi_done();
}
