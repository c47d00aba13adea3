/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest, and words of a kernel command line over it: the input is a file, then, behind the
 * first NUL, an overlay. What is accepted is written out again and must read the same.
 */
#include "lib/manifest/manifest.h"
#include "test/fuzz/fuzz.h"

static void error_check(const struct manifest_error *error, const char *text, size_t size)
{
    FUZZ_CHECK(error->what != NULL);
    if (error->word && error->word_len > 0 && error->word >= text && error->word <= text + size)
        FUZZ_CHECK(error->word_len <= size - (size_t)(error->word - text));
}

/* Written, parsed and written again, it is the same text. */
static void round_trip(const struct manifest *manifest)
{
    static struct manifest again;
    struct manifest_error error = { 0 };
    size_t size = manifest_emit(manifest, NULL, 0);
    char *text = malloc(size + 1);
    char *first = malloc(size + 1);
    char *second = malloc(size + 1);

    FUZZ_CHECK(text && first && second);
    FUZZ_CHECK(manifest_emit(manifest, text, size) == size);
    memcpy(first, text, size);
    if (size <= MANIFEST_SIZE_MAX) {
        manifest_init(&again);
        FUZZ_CHECK(manifest_parse(&again, text, size, &error));
        FUZZ_CHECK(manifest_emit(&again, second, size) == size);
        FUZZ_CHECK(memcmp(first, second, size) == 0);
    }
    free(text);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct manifest manifest;
    struct manifest_error error = { 0 };
    const uint8_t *nul = size > 0 ? memchr(bytes, '\0', size) : NULL;
    size_t file_size = nul ? (size_t)(nul - bytes) : size;
    size_t words_size = nul ? size - file_size - 1 : 0;
    char *file = fuzz_copy(bytes, file_size);
    char *words = fuzz_copy(nul ? nul + 1 : bytes, words_size);

    manifest_init(&manifest);
    /* NOLINTNEXTLINE(bugprone-branch-clone): first and last speak of the same text. */
    if (!manifest_parse(&manifest, file, file_size, &error)) {
        error_check(&error, file, file_size);
    } else if (!manifest_overlay(&manifest, words, words_size, &error)) {
        error_check(&error, words, words_size);
    } else if (!manifest_finish(&manifest, &error)) {
        error_check(&error, file, file_size);
    } else {
        FUZZ_CHECK(manifest.program && manifest.arg_count >= 1);
        round_trip(&manifest);
    }
    free(file);
    free(words);
    return 0;
}
