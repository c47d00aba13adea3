/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says what lies at each path of its command line, and what the kernel says is mounted: for
 * volumes.py. A path with a '+' before it is created.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void show_file(const char *path)
{
    char text[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));

    if (got < 0) {
        printf("%s: %s\n", path, strerror(errno));
    } else {
        printf("%s: '%.*s'\n", path, (int)got, text);
    }
    if (fd >= 0)
        close(fd);
}

static void show_directory(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);

    printf("%s:", path);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            printf(" %s", entries[i]->d_name);
        free(entries[i]);
    }
    printf("\n");
    if (count >= 0)
        free(entries);
}

static void create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    printf("creating %s: %s\n", path, fd < 0 ? strerror(errno) : "done");
    if (fd >= 0)
        close(fd);
}

static void show(const char *path)
{
    struct stat stat;

    if (*path == '+') {
        create(path + 1);
    } else if (lstat(path, &stat) < 0) {
        printf("%s: %s\n", path, strerror(errno));
    } else if (S_ISDIR(stat.st_mode)) {
        show_directory(path);
    } else {
        show_file(path);
    }
}

static void show_mounts(void)
{
    char line[512];
    FILE *mounts = fopen("/proc/mounts", "re");

    while (mounts && fgets(line, sizeof(line), mounts))
        printf("mounted: %s", line);
    if (mounts)
        fclose(mounts);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        show(argv[i]);
    show_mounts();
    return 0;
}
