/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process, for ever: our kernel refuses fork with ENOSYS and exec with EPERM, and the program
 * goes on. On Linux these would work, so there only the errors that both share are checked.
 */
#include "test/abi/abi.h"

#include <spawn.h>
#include <sys/wait.h>

static char *const args[] = { (char[]){ "x" }, NULL };
static char *const environment[] = { NULL };

static void refuses(void)
{
    pid_t pid;

    EXPECT_ERRNO(fork(), ENOSYS);
    EXPECT_ERRNO(syscall(SYS_fork), ENOSYS);
    EXPECT_ERRNO(syscall(SYS_vfork), ENOSYS);
    EXPECT_ERRNO(syscall(SYS_clone, 17, NULL, NULL, NULL, NULL), ENOSYS);
    EXPECT_ERRNO(execve("/proc/self/exe", args, environment), EPERM);
    EXPECT_ERRNO(execve("/bin/true", args, environment), EPERM);
    EXPECT_ERRNO(syscall(SYS_execveat, AT_FDCWD, "/bin/true", args, environment, 0), EPERM);
    EXPECT(posix_spawn(&pid, "/bin/true", NULL, NULL, args, environment) != 0);
    EXPECT_EQ(system("true"), 127 << 8); /* As if the shell could not be executed. */
    EXPECT(!popen("true", "r"));
}

int main(void)
{
    int status;

    if (abi_is_soliton()) {
        refuses();
    } else {
        abi_skip("this kernel has more than one process");
    }

    /* There are no children to wait for, on either. */
    EXPECT_ERRNO(wait(&status), ECHILD);
    EXPECT_ERRNO(waitpid(-1, &status, WNOHANG), ECHILD);
    EXPECT_ERRNO(waitpid(12345, &status, WNOHANG), ECHILD);
    EXPECT_ERRNO(waitpid(-1, &status, 0x10000000 | 0x40), EINVAL);
    return abi_done();
}
