/* SPDX-License-Identifier: Apache-2.0 */
/* getrandom(2), /dev/urandom, AT_RANDOM: bytes that differ. */
#include "test/abi/abi.h"

#include <sys/auxv.h>
#include <sys/random.h>

static bool looks_random(const unsigned char *bytes, size_t len)
{
    int seen[256] = { 0 };
    size_t i;
    int most = 0;

    for (i = 0; i < len; i++) {
        seen[bytes[i]]++;
        if (seen[bytes[i]] > most)
            most = seen[bytes[i]];
    }
    /* 16 of each expected in 4096. */
    return most < 64;
}

int main(void)
{
    static unsigned char a[ABI_PAGE];
    static unsigned char b[ABI_PAGE];
    static unsigned char large[1 << 20];
    const unsigned char *at_random;
    int fd;

    EXPECT_EQ(getrandom(a, sizeof(a), 0), sizeof(a));
    EXPECT_EQ(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b));
    EXPECT(looks_random(a, sizeof(a)) && looks_random(b, sizeof(b)));
    EXPECT(memcmp(a, b, sizeof(a)) != 0);
    EXPECT_EQ(getrandom(a, 1, GRND_RANDOM), 1);
    EXPECT_EQ(getrandom(a, 0, 0), 0);
    EXPECT_EQ(getrandom(large, sizeof(large), 0), sizeof(large));
    EXPECT_ERRNO(getrandom(a, 16, 0x100), EINVAL);
    EXPECT_ERRNO(getrandom(a, 16, GRND_RANDOM | 4), EINVAL);
    EXPECT_ERRNO(getrandom(abi_bad_pointer(), 16, 0), EFAULT);
    EXPECT_EQ(getentropy(a, 256), 0);
    EXPECT_ERRNO(getentropy(a, 257), EIO);

    fd = open("/dev/urandom", O_RDONLY);
    EXPECT_EQ(read(fd, a, sizeof(a)), sizeof(a));
    EXPECT(looks_random(a, sizeof(a)));
    fd = open("/dev/random", O_RDONLY);
    EXPECT_EQ(read(fd, b, 16), 16);

    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel hands out an address. */
    at_random = (const unsigned char *)getauxval(AT_RANDOM);
    EXPECT(at_random);
    memset(b, 0, 16);
    EXPECT(at_random && memcmp(at_random, b, 16) != 0);
    return abi_done();
}
