/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/vm.h"

#include "host/err.h"
#include "host/strings.h"
#include "test/unit/unit.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

/* Takes its time, as a terminal does: the writer is always faster. */
static void bytes_take(void *context, const char *bytes, size_t size)
{
    static const struct timespec pause = { .tv_nsec = 1000000 };
    size_t *sum = context;

    (void)bytes;
    *sum += size;
    (void)nanosleep(&pause, NULL);
}

TEST(vm, ends_one_that_never_stops_talking)
{
    struct strings command = { 0 };
    size_t sum = 0;
    struct vm_pipe pipe;
    struct vm_spec spec = {
        .command = &command,
        .pipe = &pipe,
        .fn = bytes_take,
        .context = &sum,
        .timeout_s = 1,
    };
    struct vm_end end;
    struct err err = { 0 };
    sigset_t before;

    CHECK_EQ(sigprocmask(SIG_SETMASK, NULL, &before), 0);
    vm_signals_hold();
    CHECK_EQ(vm_pipe_open(&pipe, &err), 0);
    strings_add(&command, "/bin/sh");
    strings_add(&command, "-c");
    strings_addf(&command, "exec yes >%s", pipe.path);
    CHECK_EQ(vm_run(&end, &spec, &err), 0);
    CHECK(end.timed_out);
    CHECK_EQ(end.qemu_exit, 128 + SIGTERM);
    CHECK(sum > 0);
    vm_pipe_close(&pipe);
    strings_fini(&command);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}
