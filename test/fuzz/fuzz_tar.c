/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer of a container image, unpacked into a directory beside a file that is not its own: that
 * file must stay as it is, and what was refused is named.
 */
#include "host/err.h"
#include "ops/pkg/unpack.h"
#include "test/fuzz/fuzz.h"

#include <fcntl.h>
#include <fts.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/dev/shm/fuzz-tar-XXXXXX";

static void tree_remove(const char *path)
{
    char copy[256];
    char *roots[] = { copy, NULL };
    FTS *walk;
    const FTSENT *entry;

    snprintf(copy, sizeof(copy), "%s", path);
    walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FUZZ_CHECK(walk != NULL);
    for (entry = fts_read(walk); entry; entry = fts_read(walk)) {
        if (entry->fts_info == FTS_DP) {
            (void)rmdir(entry->fts_accpath);
        } else if (entry->fts_info != FTS_D) {
            (void)unlink(entry->fts_accpath);
        }
    }
    (void)fts_close(walk);
}

static void top_remove(void)
{
    tree_remove(top);
}

static void top_make(void)
{
    char path[256];
    int fd;

    FUZZ_CHECK(mkdtemp(top) != NULL);
    (void)atexit(top_remove);
    snprintf(path, sizeof(path), "%s/secret", top);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, "secret", 6) == 6);
    close(fd);
}

static void secret_check(void)
{
    char path[256];
    char text[16] = "";
    struct stat st;
    int fd;

    snprintf(path, sizeof(path), "%s/secret", top);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && fstat(fd, &st) == 0);
    FUZZ_CHECK(read(fd, text, sizeof(text)) == 6 && memcmp(text, "secret", 6) == 0);
    FUZZ_CHECK(st.st_nlink == 1 && (st.st_mode & 07777) == 0600);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int archive = -1;
    struct unpack unpack;
    struct err err = { 0 };
    char path[256];
    char dir[256];

    if (archive < 0) {
        top_make();
        archive = memfd_create("layer", MFD_CLOEXEC);
        FUZZ_CHECK(archive >= 0);
    }
    FUZZ_CHECK(ftruncate(archive, 0) == 0);
    FUZZ_CHECK(pwrite(archive, bytes, size, 0) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", archive);
    snprintf(dir, sizeof(dir), "%s/root", top);
    FUZZ_CHECK(mkdir(dir, 0700) == 0);
    FUZZ_CHECK(unpack_init(&unpack, dir, &err) == 0);
    if (unpack_archive(&unpack, path, "layer", size % 2 ? UNPACK_LAYER : 0, &err) < 0)
        FUZZ_CHECK(err.text[0] != '\0' && !strchr(err.text, '\n'));
    unpack_fini(&unpack);
    secret_check();
    tree_remove(dir);
    return 0;
}
