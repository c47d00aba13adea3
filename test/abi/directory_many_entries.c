/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of 2,000 files: each is listed once, also while files go away during the listing. */
#include "test/abi/abi.h"

#include <dirent.h>

enum {
    FILES = 2000,
};

static unsigned char seen[FILES];

static int list(bool remove_seen)
{
    DIR *dir = opendir(".");
    struct dirent *entry;
    int count = 0;

    memset(seen, 0, sizeof(seen));
    for (entry = readdir(dir); entry; entry = readdir(dir)) {
        unsigned long index;

        if (entry->d_name[0] != 'n')
            continue;
        index = strtoul(entry->d_name + 5, NULL, 10);
        EXPECT(index < FILES && seen[index] == 0);
        seen[index % FILES] = 1;
        count++;
        if (remove_seen)
            EXPECT_EQ(unlink(entry->d_name), 0);
    }
    closedir(dir);
    return count;
}

int main(void)
{
    char name[32];
    int i;

    abi_dir();
    for (i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "name-%d", i);
        close(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
    }
    EXPECT_EQ(list(false), FILES);
    for (i = 0; i < FILES; i += 97) {
        snprintf(name, sizeof(name), "name-%d", i);
        EXPECT_EQ(access(name, F_OK), 0);
    }
    EXPECT_EQ(list(true), FILES);
    EXPECT_EQ(list(false), 0);
    return abi_done();
}
