/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what it was started with, and the secrets it was given: for launch.py. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRETS "/run/secrets"

/* Its size, and a sum of its bytes that notices when two of them change places. */
static void show_contents(int fd)
{
    unsigned char bytes[4096];
    unsigned long size = 0;
    unsigned long sum = 0;
    ssize_t got;

    while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < got; i++)
            sum = (sum * 31 + bytes[i]) % 1000000007;
        size += (unsigned long)got;
    }
    printf(" %lu bytes, sum %lu\n", size, sum);
}

static void show_secret(const char *name)
{
    char path[512];
    struct stat stat;
    int fd;

    snprintf(path, sizeof(path), SECRETS "/%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) < 0)
        return;
    printf("secret %s: mode %o,", name, stat.st_mode & 07777u);
    show_contents(fd);
    close(fd);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    printf("writing to %s: %s\n", name, fd < 0 ? strerror(errno) : "works");
}

static void show_secrets(void)
{
    DIR *folder = opendir(SECRETS);
    const struct dirent *entry;
    struct stat stat;

    if (!folder || fstat(dirfd(folder), &stat) < 0) {
        printf("no secrets: %s\n", strerror(errno));
        return;
    }
    printf("secrets: mode %o\n", stat.st_mode & 07777u);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.')
            show_secret(entry->d_name);
    }
    closedir(folder);
}

int main(int argc, char **argv, char **envp)
{
    for (int i = 0; i < argc; i++)
        printf("arg %s\n", argv[i]);
    for (; *envp; envp++)
        printf("env %s\n", *envp);
    show_secrets();
    return 0;
}
