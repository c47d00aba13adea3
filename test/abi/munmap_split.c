/* SPDX-License-Identifier: Apache-2.0 */
/* munmap(2) at every place of an area, and what /proc/self/maps says of the pieces. */
#include "test/abi/abi.h"

#include <sys/mman.h>

enum {
    PAGES = 16,
};

static const int rw = PROT_READ | PROT_WRITE;

/* mincore() knows whether a page is mapped, without a fault. */
static bool mapped(char *page)
{
    unsigned char in_core;

    return mincore(page, ABI_PAGE, &in_core) == 0;
}

static bool maps_has(const void *from, const void *to)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    char wanted[64];
    bool found = false;

    snprintf(wanted, sizeof(wanted), "%lx-%lx rw-p", (unsigned long)from, (unsigned long)to);
    while (maps && fgets(line, sizeof(line), maps))
        found = found || strncmp(line, wanted, strlen(wanted)) == 0;
    if (maps)
        fclose(maps);
    return found;
}

/* Guard pages at both ends keep neighbours from joining. */
static char *fresh(void)
{
    char *all = mmap(NULL, (PAGES + 2) * ABI_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(all != MAP_FAILED);
    EXPECT_EQ(mprotect(all + ABI_PAGE, PAGES * ABI_PAGE, rw), 0);
    memset(all + ABI_PAGE, 'm', PAGES * ABI_PAGE);
    return all + ABI_PAGE;
}

static void check_pages(char *map, unsigned wanted)
{
    int i;

    for (i = 0; i < PAGES; i++) {
        EXPECT_EQ(mapped(map + i * ABI_PAGE), (wanted >> i) & 1);
        if ((wanted >> i) & 1)
            EXPECT(map[i * ABI_PAGE] == 'm' && map[(i + 1) * ABI_PAGE - 1] == 'm');
    }
}

int main(void)
{
    char *map = fresh();
    void *again;

    EXPECT(maps_has(map, map + PAGES * ABI_PAGE));
    EXPECT_EQ(munmap(map + 4 * ABI_PAGE, 4 * ABI_PAGE), 0);
    check_pages(map, 0xff0f);
    EXPECT(maps_has(map, map + 4 * ABI_PAGE));
    EXPECT(maps_has(map + 8 * ABI_PAGE, map + PAGES * ABI_PAGE));
    EXPECT_EQ(munmap(map, ABI_PAGE), 0);
    check_pages(map, 0xff0e);
    EXPECT_EQ(munmap(map + 15 * ABI_PAGE, ABI_PAGE - 5), 0);
    check_pages(map, 0x7f0e);

    /* Across holes, and over parts of two pieces. */
    EXPECT_EQ(munmap(map + 3 * ABI_PAGE, 6 * ABI_PAGE), 0);
    check_pages(map, 0x7e06);

    /* The hole is filled again, with zeroes. */
    again =
        mmap(map + 3 * ABI_PAGE, 6 * ABI_PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    EXPECT(again == map + 3 * ABI_PAGE);
    EXPECT_EQ(map[3 * ABI_PAGE], 0);
    memset(map + 3 * ABI_PAGE, 'm', 6 * ABI_PAGE);
    check_pages(map, 0x7ffe);
    EXPECT(maps_has(map + ABI_PAGE, map + 15 * ABI_PAGE));
    EXPECT_EQ(munmap(map, PAGES * ABI_PAGE), 0);
    check_pages(map, 0);
    return abi_done();
}
