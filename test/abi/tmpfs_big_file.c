/* SPDX-License-Identifier: Apache-2.0 */
/* A file of 32 MiB in /dev/shm: content, holes far out, and memory that comes back. */
#include "test/abi/abi.h"

#include <sys/statfs.h>
#include <sys/types.h>

enum {
    CHUNK = 64 * 1024,
    CHUNKS = 512,
};

static unsigned char chunk[CHUNK];

static void fill(uint32_t seed)
{
    size_t i;

    for (i = 0; i < CHUNK; i++) {
        seed = seed * 1664525 + 1013904223;
        chunk[i] = (unsigned char)(seed >> 24);
    }
}

/* Waits up to 10 s, as other programs on a Linux machine may use /dev/shm meanwhile. */
static bool comes_back(fsblkcnt_t blocks)
{
    int64_t limit = abi_now() + 10000 * ABI_MS;
    struct statfs now;

    do {
        if (statfs("/dev/shm", &now) == 0 && now.f_bfree + 1024 >= blocks)
            return true;
        abi_sleep_ms(10);
    } while (abi_now() < limit);
    return false;
}

int main(void)
{
    static unsigned char back[CHUNK];
    struct statfs before;
    struct stat st;
    uint32_t i;
    uint32_t round;
    int fd;
    int wrong = 0;
    char path[64];

    snprintf(path, sizeof(path), "/dev/shm/abi-big-%d", getpid());
    for (round = 0; round < 3; round++) {
        EXPECT_EQ(statfs("/dev/shm", &before), 0);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        EXPECT(fd >= 0);
        EXPECT_EQ(unlink(path), 0);
        for (i = 0; i < CHUNKS; i++) {
            fill(i + round);
            EXPECT_EQ(write(fd, chunk, CHUNK), CHUNK);
        }
        EXPECT(fstat(fd, &st) == 0 && st.st_size == (off_t)CHUNK * CHUNKS);
        EXPECT(st.st_blocks >= st.st_size / 512);
        for (i = 0; i < CHUNKS; i++) {
            fill(i + round);
            EXPECT_EQ(pread(fd, back, CHUNK, (off_t)i * CHUNK), CHUNK);
            wrong += memcmp(chunk, back, CHUNK) != 0;
        }
        EXPECT_EQ(wrong, 0);
        close(fd);
        EXPECT(comes_back(before.f_bfree));
    }

    /* A byte beyond 4 GiB costs a page, not 4 GiB. */
    fd = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
    if (fd < 0) {
        fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        EXPECT_EQ(unlink(path), 0);
    }
    EXPECT_EQ(pwrite(fd, "z", 1, (5LL << 30) + 1), 1);
    EXPECT(fstat(fd, &st) == 0 && st.st_size == (5LL << 30) + 2);
    EXPECT(st.st_blocks <= 2048);
    EXPECT_EQ(pread(fd, back, 3, 5LL << 30), 2);
    EXPECT(back[0] == 0 && back[1] == 'z');
    return abi_done();
}
