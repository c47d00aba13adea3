/* SPDX-License-Identifier: Apache-2.0 */
/* The console of an instance. */
#include "host/clock.h"
#include "host/err.h"
#include "host/xmem.h"
#include "ops/provider/local/instance.h"
#include "ops/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK_SIZE = 64 * 1024,
    FOLLOW_MS = 50,
};

/* Copies what there is by now. Returns 0, or -1 with `err` set: `out` takes no more. */
static int rest_copy(int fd, char *chunk, FILE *out, struct err *err)
{
    ssize_t size;

    for (;;) {
        size = read(fd, chunk, CHUNK_SIZE);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        if (fwrite(chunk, 1, (size_t)size, out) != (size_t)size)
            return err_set_errno(err, "cannot write");
    }
    if (fflush(out) != 0)
        return err_set_errno(err, "cannot write");
    return size < 0 ? err_set_errno(err, "cannot read the console") : 0;
}

/* The file of the console, -1 with nothing wrong: it is not there, or not yet. */
static int console_open(int *fd, const char *path, struct err *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd >= 0 || errno == ENOENT)
        return 0;
    return err_set_errno(err, "cannot open '%s'", path);
}

/* Whether another file is in the place of an open one: the instance was started again. */
static bool is_replaced(int fd, const char *path)
{
    struct stat ours;
    struct stat there;

    return fstat(fd, &ours) == 0 && stat(path, &there) == 0 &&
           (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev);
}

/* Goes back to the start of a file that somebody has cut. */
static void cut_notice(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && st.st_size < lseek(fd, 0, SEEK_CUR))
        (void)lseek(fd, 0, SEEK_SET);
}

/* Copies what was printed before the file began that is open, if that is another one. */
static int older_copy(int fd, const char *path, char *chunk, FILE *out, struct err *err)
{
    int older = -1;
    int status = console_open(&older, path, err);

    if (older >= 0) {
        if (fd < 0 || is_replaced(fd, path))
            status = rest_copy(older, chunk, out, err);
        close(older);
    }
    return status;
}

/* Copies what there is, of the file in its place, too, when that is another one by now. */
static int console_copy(int *fd, const char *path, char *chunk, FILE *out, struct err *err)
{
    bool is_over = *fd >= 0 && is_replaced(*fd, path);
    int status = 0;

    if (*fd >= 0) {
        cut_notice(*fd);
        status = rest_copy(*fd, chunk, out, err);
    }
    if (is_over) {
        close(*fd);
        *fd = -1;
    }
    if (*fd < 0 && status == 0) {
        status = console_open(fd, path, err);
        if (*fd >= 0)
            status = rest_copy(*fd, chunk, out, err);
    }
    return status;
}

static int log_copy(const struct instance *instance, bool follow, FILE *out, struct err *err)
{
    char *path = instance_file(instance, "console.log");
    char *chunk = xcalloc(CHUNK_SIZE, 1);
    char *older = instance_file(instance, "console.log.0");
    struct vm_process process;
    bool is_alive;
    int fd = -1;
    int status = console_open(&fd, path, err);

    /* The newer one is open by now: what is moved from now on is not lost. */
    if (status == 0)
        status = older_copy(fd, older, chunk, out, err);
    if (status < 0)
        follow = false;
    do {
        /* First whether it lives: what it printed last is then there. */
        is_alive = follow && instance_is_alive(instance, &process);
        if (status == 0)
            status = console_copy(&fd, path, chunk, out, err);
        if (is_alive && status == 0)
            pause_ms(FOLLOW_MS);
    } while (is_alive && status == 0);
    if (fd >= 0)
        close(fd);
    free(chunk);
    free(older);
    free(path);
    return status;
}

int local_instance_logs(const char *name, bool follow, FILE *out, struct err *err)
{
    struct instance instance;
    int status = instance_read(&instance, name, err);

    if (status == 0)
        status = log_copy(&instance, follow, out, err);
    instance_fini(&instance);
    return status;
}
