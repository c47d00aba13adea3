/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of FIPS 180-4, and pieces of any size. */
#include "host/sha256.h"

#include "test/unit/unit.h"

#include <string.h>

static void hex(char *text, const char *bytes, size_t size, size_t piece)
{
    struct sha256 sha;
    uint8_t digest[SHA256_SIZE];

    sha256_init(&sha);
    for (size_t off = 0; off < size; off += piece)
        sha256_add(&sha, bytes + off, size - off < piece ? size - off : piece);
    sha256_finish(&sha, digest);
    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
}

TEST(sha256, gives_what_the_standard_says)
{
    static const struct {
        const char *text;
        const char *digest;
    } cases[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    char text[SHA256_SIZE * 2 + 1];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t piece = 1; piece <= 64; piece++) {
            hex(text, cases[i].text, strlen(cases[i].text), piece);
            CHECK_EQ(strcmp(text, cases[i].digest), 0);
        }
    }
}

TEST(sha256, gives_the_same_whatever_the_pieces)
{
    static char bytes[1000];
    char whole[SHA256_SIZE * 2 + 1];
    char pieces[SHA256_SIZE * 2 + 1];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    hex(whole, bytes, sizeof(bytes), sizeof(bytes));
    for (size_t piece = 1; piece < 200; piece++) {
        hex(pieces, bytes, sizeof(bytes), piece);
        CHECK_EQ(strcmp(whole, pieces), 0);
    }
}
