/* SPDX-License-Identifier: Apache-2.0 */
/* An ELF file as ops reads it to find what it needs: as a program, and as a library. */
#include "host/err.h"
#include "ops/image/object.h"
#include "ops/image/tree.h"
#include "test/fuzz/fuzz.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

static void object_try(const char *path, bool as_program)
{
    struct deps_object object = { .source = strdup(path) };
    struct err err = { 0 };

    if (object_open(&object, NULL, as_program, &err) < 0)
        FUZZ_CHECK(err.text[0] != '\0');
    object_fini(&object);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct tree_stamp unknown;
    static int file = -1;
    char path[64];

    if (file < 0)
        file = memfd_create("elf", MFD_CLOEXEC);
    FUZZ_CHECK(file >= 0 && ftruncate(file, 0) == 0);
    FUZZ_CHECK(pwrite(file, bytes, size, 0) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    object_try(path, true);
    object_try(path, false);
    (void)object_is_library(path, &unknown, NULL);
    return 0;
}
