/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self: what programs and runtimes read about themselves. */
#include "test/abi/abi.h"

#include <elf.h>
#include <limits.h>
#include <pthread.h>
#include <sys/auxv.h>

/* NOLINTBEGIN(cert-err34-c): what sscanf found is counted, and large numbers are nobody's here. */
static char text[65536];

static const char *slurp(const char *path)
{
    EXPECT(abi_slurp(path, text, sizeof(text)) >= 0);
    return text;
}

static bool mentions(const char *path, const char *what)
{
    const char *found = strstr(slurp(path), what);

    if (!found)
        printf("%s does not mention %s\n", path, what);
    return found;
}

static void maps(void)
{
    char here = 0;
    unsigned long from;
    unsigned long to;
    unsigned long last = 0;
    char perms[8];
    char *line;
    char *next = text;
    int lines = 0;
    bool stack_found = false;

    slurp("/proc/self/maps");
    for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        EXPECT_EQ(sscanf(line, "%lx-%lx %4s", &from, &to, perms), 3);
        EXPECT(from < to && from >= last);
        last = to;
        lines++;
        if (from <= (uintptr_t)&here && (uintptr_t)&here < to) {
            stack_found = true;
            EXPECT(strcmp(perms, "rw-p") == 0 && strstr(line, "[stack]"));
        }
    }
    EXPECT(stack_found);
    EXPECT(lines > 5);
    EXPECT(sbrk(ABI_PAGE) != (void *)-1);
    EXPECT(mentions("/proc/self/maps", "[heap]"));
    EXPECT(mentions("/proc/self/maps", "[vdso]"));
    EXPECT(mentions("/proc/self/maps", "procfs_self"));
}

static void links(void)
{
    char target[PATH_MAX] = "";
    char real[PATH_MAX] = "";
    char name[64];
    int fd;

    EXPECT(readlink("/proc/self", target, sizeof(target) - 1) > 0);
    EXPECT_EQ(strtol(target, NULL, 10), getpid());
    memset(target, 0, sizeof(target));
    EXPECT(readlink("/proc/self/exe", target, sizeof(target) - 1) > 0);
    EXPECT(strstr(target, "procfs_self"));
    EXPECT(access("/proc/self/exe", R_OK) == 0);
    memset(target, 0, sizeof(target));
    EXPECT(readlink("/proc/self/cwd", target, sizeof(target) - 1) > 0);
    EXPECT(getcwd(real, sizeof(real)) && strcmp(target, real) == 0);
    memset(target, 0, sizeof(target));
    EXPECT_EQ(readlink("/proc/self/root", target, sizeof(target) - 1), 1);

    /* A descriptor can be opened again by its link. */
    abi_put("f", "again");
    fd = open("f", O_RDONLY);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    EXPECT(abi_holds(name, "again"));
    EXPECT(readlink(name, target, sizeof(target)) > 0);
    close(fd);
    EXPECT_ERRNO(readlink(name, target, sizeof(target)), ENOENT);
}

static void numbers(void)
{
    char wanted[64];
    unsigned long pages = 0;
    unsigned long resident = 0;
    int pid = 0;
    char state = 0;
    char comm[32] = "";

    EXPECT_EQ(sscanf(slurp("/proc/self/stat"), "%d (%31[^)]) %c", &pid, comm, &state), 3);
    EXPECT(pid == getpid() && state == 'R' && strcmp(comm, "procfs_self") == 0);
    EXPECT_EQ(sscanf(slurp("/proc/self/statm"), "%lu %lu", &pages, &resident), 2);
    EXPECT(pages >= resident && resident > 0);
    snprintf(wanted, sizeof(wanted), "Pid:\t%d\n", getpid());
    EXPECT(mentions("/proc/self/status", wanted));
    EXPECT(mentions("/proc/self/status", "Name:\tprocfs_self\n"));
    EXPECT(mentions("/proc/self/status", "VmRSS:\t"));
    EXPECT(mentions("/proc/self/status", "VmSize:\t"));
    EXPECT(mentions("/proc/self/status", "Threads:\t1\n"));
    EXPECT(mentions("/proc/self/status", "Cpus_allowed_list:\t"));
    EXPECT(mentions("/proc/self/status", "SigBlk:\t0000000000000000\n"));
    EXPECT(mentions("/proc/self/limits", "Max open files"));
    EXPECT(mentions("/proc/self/limits", "Max stack size"));
    EXPECT(mentions("/proc/self/mountinfo", " / /"));
    EXPECT(mentions("/proc/self/mounts", "proc"));
    EXPECT(mentions("/proc/self/cgroup", ":/"));
    EXPECT(mentions("/proc/self/comm", "procfs_self\n"));
    EXPECT(abi_slurp("/proc/self/oom_score_adj", text, sizeof(text)) > 0);
}

static void blocks(char **argv)
{
    const Elf64_auxv_t *aux = (const Elf64_auxv_t *)(const void *)text;
    ssize_t got = abi_slurp("/proc/self/cmdline", text, sizeof(text));
    ssize_t at;
    bool phdr_found = false;

    EXPECT_EQ(got, strlen(argv[0]) + 1);
    EXPECT(strcmp(text, argv[0]) == 0);
    got = abi_slurp("/proc/self/environ", text, sizeof(text));
    EXPECT(got >= 0);
    if (getenv("PATH")) {
        bool found = false;

        for (at = 0; at < got; at += (ssize_t)strlen(text + at) + 1)
            found = found || strncmp(text + at, "PATH=", 5) == 0;
        EXPECT(found);
    }
    got = abi_slurp("/proc/self/auxv", text, sizeof(text));
    EXPECT(got > 0 && got % (ssize_t)sizeof(*aux) == 0);
    for (; aux->a_type != AT_NULL; aux++) {
        phdr_found =
            phdr_found || (aux->a_type == AT_PHDR && aux->a_un.a_val == getauxval(AT_PHDR));
    }
    EXPECT(phdr_found);
}

static void *threads(void *arg)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", gettid());
    EXPECT_EQ(strtol(slurp(path), NULL, 10), gettid());
    EXPECT(mentions("/proc/self/status", "Threads:\t2\n"));
    snprintf(path, sizeof(path), "/proc/%d/stat", getpid());
    EXPECT_EQ(strtol(slurp(path), NULL, 10), getpid());
    EXPECT(access("/proc/thread-self/stat", R_OK) == 0);
    return arg;
}

/* What has no path is described all the same, and so is what has lost it. */
static void descriptors_described(void)
{
    struct stat by_link;
    struct stat by_fd;
    char path[64];
    int fds[3];

    EXPECT_EQ(pipe(fds), 0);
    fds[2] = open("gone", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(unlink("gone"), 0);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
        EXPECT_EQ(stat(path, &by_link), 0);
        EXPECT_EQ(fstat(fds[i], &by_fd), 0);
        EXPECT(by_link.st_ino == by_fd.st_ino && by_link.st_mode == by_fd.st_mode);
        EXPECT_EQ(access(path, F_OK), 0);
        EXPECT(lstat(path, &by_link) == 0 && S_ISLNK(by_link.st_mode));
        EXPECT_EQ(close(fds[i]), 0);
        EXPECT_ERRNO(stat(path, &by_link), ENOENT);
    }
}

int main(int argc, char **argv)
{
    pthread_t thread;

    EXPECT_EQ(argc, 1);
    blocks(argv);
    abi_dir();
    maps();
    links();
    descriptors_described();
    numbers();
    EXPECT_EQ(pthread_create(&thread, NULL, threads, NULL), 0);
    pthread_join(thread, NULL);
    EXPECT_ERRNO(open("/proc/self/absent", O_RDONLY), ENOENT);
    EXPECT_ERRNO(open("/proc/999999999/stat", O_RDONLY), ENOENT);
    EXPECT(open("/proc/new", O_RDWR | O_CREAT, 0600) == -1);
    return abi_done();
}
/* NOLINTEND(cert-err34-c) */
