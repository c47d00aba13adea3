/* SPDX-License-Identifier: Apache-2.0 */
/* The console of an instance. */
#include "host/err.h"
#include "ops/provider/local/instance.h"
#include "ops/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
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

static int log_copy(const struct instance *instance, int fd, bool follow, FILE *out,
                    struct err *err)
{
    static const struct timespec pause = { .tv_nsec = FOLLOW_MS * 1000000L };
    char *chunk = malloc(CHUNK_SIZE);
    struct vm_process process;
    bool is_alive;
    int status;

    if (!chunk)
        return err_set_errno(err, "cannot read the console");
    do {
        /* First whether it lives: what it printed last is then there. */
        is_alive = follow && instance_is_alive(instance, &process);
        status = rest_copy(fd, chunk, out, err);
        if (is_alive && status == 0)
            (void)nanosleep(&pause, NULL);
    } while (is_alive && status == 0);
    free(chunk);
    return status;
}

int local_instance_logs(const char *name, bool follow, FILE *out, struct err *err)
{
    struct instance instance;
    int status = instance_read(&instance, name, err);

    if (status == 0) {
        char *path = instance_file(&instance, "console.log");
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (fd >= 0) {
            status = log_copy(&instance, fd, follow, out, err);
            close(fd);
        } else if (errno != ENOENT) {
            status = err_set_errno(err, "cannot open '%s'", path);
        }
        free(path);
    }
    instance_fini(&instance);
    return status;
}
