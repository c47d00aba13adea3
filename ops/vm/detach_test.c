/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/vm.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/state/state.h"
#include "ops/vm/console.h"
#include "test/unit/unit.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    WAIT_STEPS = 2000,
    PIPE_SIZE = 64 * 1024,
};

/* A folder, and the lock in it. */
struct place {
    char *folder;
    char *alive;
};

static void place_make(struct place *place)
{
    place->folder = xstrdup("/tmp/ops-detach-XXXXXX");
    CHECK(mkdtemp(place->folder));
    CHECK_EQ(setenv("OPS_HOME", place->folder, 1), 0);
    place->alive = xasprintf("%s/alive", place->folder);
}

static void place_remove(struct place *place)
{
    struct err err = { 0 };

    CHECK_EQ(state_remove(place->folder, &err), 0);
    free(place->alive);
    free(place->folder);
}

static int command_start(const struct place *place, const char *program, struct err *err)
{
    struct strings command = { 0 };
    int fd = vm_alive_lock(place->alive, err);
    int status;

    CHECK(fd >= 0);
    strings_add(&command, program);
    strings_add(&command, "60");
    status = vm_detach(&command, place->folder, "log", fd, NULL, err);
    close(fd);
    strings_fini(&command);
    return status;
}

static void gone_wait(const struct place *place)
{
    static const struct timespec pause = { .tv_nsec = 5000000 };
    struct vm_process process;

    for (int i = 0; i < WAIT_STEPS && vm_is_alive(place->alive, &process); i++)
        (void)nanosleep(&pause, NULL);
    CHECK(!vm_is_alive(place->alive, &process));
    CHECK_EQ(process.pid, 0);
}

TEST(detach, lives_as_long_as_its_process)
{
    struct place place;
    struct err err = { 0 };
    struct vm_process process;

    place_make(&place);
    CHECK(!vm_is_alive(place.alive, &process));
    CHECK_EQ(command_start(&place, "/bin/sleep", &err), 0);
    CHECK(vm_is_alive(place.alive, &process));
    CHECK(process.pid > 1);
    CHECK(getsid(process.pid) != getsid(0));
    CHECK(getpgid(process.pid) != process.pid); /* It leads no session: no terminal can be its. */
    CHECK_EQ(vm_alive_lock(place.alive, &err), -1);
    vm_kill(&process, SIGKILL);
    gone_wait(&place);
    place_remove(&place);
}

static void nothing_kept_check(void)
{
    struct place place;
    struct err err = { 0 };
    struct vm_process process;
    char byte;
    int fds[2];

    place_make(&place);
    CHECK_EQ(pipe(fds), 0); /* Not closed by exec. */
    CHECK_EQ(command_start(&place, "/bin/sleep", &err), 0);
    close(fds[1]);
    CHECK_EQ(read(fds[0], &byte, 1), 0); /* Nobody else has the other end. */
    close(fds[0]);
    CHECK(vm_is_alive(place.alive, &process));
    vm_kill(&process, SIGKILL);
    gone_wait(&place);
    place_remove(&place);
}

TEST(detach, keeps_nothing_open_that_its_caller_had)
{
    nothing_kept_check();
}

TEST(detach, says_that_a_command_cannot_be_started)
{
    struct place place;
    struct err err = { 0 };
    struct vm_process process;

    place_make(&place);
    CHECK_EQ(command_start(&place, "/no/such/program", &err), -1);
    CHECK(strstr(err.text, "/no/such/program"));
    gone_wait(&place);
    CHECK_EQ(command_start(&place, "/bin/sleep", &err), 0);
    CHECK(vm_is_alive(place.alive, &process));
    vm_kill(&process, SIGKILL);
    gone_wait(&place);
    place_remove(&place);
}

TEST(detach, harms_nobody_who_got_its_number)
{
    struct place place;
    struct err err = { 0 };
    struct vm_process process = { .pid = getpid(), .start = 1 };
    char *text = xasprintf("%ld 1\n", (long)getpid());
    int fd;

    vm_kill(&process, SIGKILL); /* We started at another time. */
    process = (struct vm_process){ .pid = 1, .start = 1 };
    vm_kill(&process, SIGTERM);
    place_make(&place);
    CHECK_EQ(state_write(place.alive, text, &err), 0);
    CHECK(!vm_is_alive(place.alive, &process));
    fd = vm_alive_lock(place.alive, &err);
    CHECK(fd >= 0);
    CHECK(vm_is_alive(place.alive, &process));
    CHECK_EQ(process.pid, 0);
    close(fd);
    free(text);
    place_remove(&place);
}

static void kept_check(void)
{
    struct console console = { .newer = "newer", .older = "older", .size_max = 2000 };
    struct vm_pipe pipe;
    struct vm_keeper keeper = {
        .title = "keeper", .fn = console_keep, .context = &console, .pipes = &pipe, .pipe_count = 1
    };
    struct strings command = { 0 };
    struct place place;
    struct err err = { 0 };
    char *path;
    char *text;
    int fd;

    place_make(&place);
    CHECK_EQ(vm_pipe_open(&pipe, &err), 0);
    console.console_fd = pipe.read_fd;
    fd = vm_alive_lock(place.alive, &err);
    CHECK(fd >= 0);
    strings_add(&command, "/bin/sh");
    strings_add(&command, "-c");
    strings_addf(&command, "for i in $(seq 1000 9999); do echo $i; done > %s", pipe.path);
    CHECK_EQ(vm_detach(&command, place.folder, "log", fd, &keeper, &err), 0);
    close(fd);
    vm_pipe_close(&pipe);
    gone_wait(&place); /* All is written when the lock is free. */
    path = xasprintf("%s/newer", place.folder);
    text = file_read_text(path, PIPE_SIZE);
    CHECK(text);
    CHECK(strcmp(text + strlen(text) - 10, "9998\n9999\n") == 0);
    free(text);
    free(path);
    strings_fini(&command);
    place_remove(&place);
}

TEST(detach, keeps_the_end_of_what_it_prints)
{
    kept_check();
}

/* As a container with an old filter of system calls does. */
static void close_range_refuse(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

TEST(detach, closes_all_where_it_cannot_at_once)
{
    close_range_refuse();
    nothing_kept_check();
    kept_check();
}
