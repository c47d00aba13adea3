/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps 2 GiB, touches 200 MiB of it, checks every byte it wrote, and prints `ok`: in a machine with
 * 256 MiB it shows that memory is given on first touch and that little of it is lost.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

static const size_t map_len = (size_t)2 << 30;
static const size_t touch_len = (size_t)200 << 20;

static uint64_t pattern(size_t index)
{
    return index * 0x9e3779b97f4a7c15;
}

int main(void)
{
    uint64_t *map = mmap(NULL, map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t count = touch_len / sizeof(*map);
    size_t i;

    if (map == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    for (i = 0; i < count; i++)
        map[i] = pattern(i);
    for (i = 0; i < count; i++) {
        if (map[i] != pattern(i)) {
            printf("wrong at %zu\n", i * sizeof(*map));
            return 1;
        }
    }
    if (map[map_len / sizeof(*map) - 1] != 0) {
        printf("the end is not zero\n");
        return 1;
    }
    printf("ok\n");
    return 0;
}
