/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/pack.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/image/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COPY_SIZE_MAX = 1 << 30, /* At once. */
};

/* Bytes that are shared where the filesystem can, else copied in the kernel. */
static int bytes_copy(int from, int to)
{
    ssize_t size = copy_file_range(from, NULL, to, NULL, COPY_SIZE_MAX, 0);

    while (size > 0)
        size = copy_file_range(from, NULL, to, NULL, COPY_SIZE_MAX, 0);
    if (size < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
        size = sendfile(to, from, NULL, COPY_SIZE_MAX);
        while (size > 0)
            size = sendfile(to, from, NULL, COPY_SIZE_MAX);
    }
    return size < 0 ? -1 : 0;
}

int pack_file(const char *from, const char *to, unsigned mode, struct err *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* A pipe would wait. */
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    struct stat st;
    int status = 0;

    if (in < 0 || fstat(in, &st) < 0) {
        status = err_set_errno(err, "cannot read '%s'", from);
    } else if (!S_ISREG(st.st_mode)) {
        status = err_set(err, "'%s' is not a regular file", from);
    } else if (out < 0) {
        status = err_set_errno(err, "cannot make '%s'", to);
    } else {
        const struct timespec times[2] = { st.st_atim, st.st_mtim };

        if (bytes_copy(in, out) < 0 || fchmod(out, (mode & 0777) | 0400) < 0 ||
            futimens(out, times) < 0)
            status = err_set_errno(err, "cannot copy '%s' to '%s'", from, to);
    }
    if (out >= 0)
        close(out);
    if (in >= 0)
        close(in);
    return status;
}

static int node_pack(struct tree_node *node, void *context, struct err *err)
{
    const char *sysroot = context;
    char *path = tree_path(node);
    char *to = xasprintf("%s%s", sysroot, path);
    int status = 0;

    if (node->type == TREE_DIR)
        status = mkdir(to, (node->mode & 0777) | 0700);
    if (node->type == TREE_LINK)
        status = symlink(node->text, to);
    if (status < 0)
        (void)err_set_errno(err, "cannot make '%s'", to);
    if (node->type == TREE_FILE && node->source)
        status = pack_file(node->source, to, node->mode, err);
    free(to);
    free(path);
    return status;
}

int pack_tree(struct tree *tree, const char *sysroot, struct err *err)
{
    return tree_walk(tree, node_pack, (void *)(uintptr_t)sysroot, err);
}
