/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Mapping ELF files: the program, and its interpreter. */

#include "lib/base/types.h"

struct image {
    u64 base;  /* What is added to the file's addresses. */
    u64 entry; /* Where to begin. */
    u64 phdrs; /* Of the program headers; 0: not mapped. */
    u64 phnum;
    u64 end;           /* One past the last byte, rounded up to a page. */
    bool stack_exec;   /* It wants an executable stack. */
    char *interpreter; /* Path, on the heap; NULL: none. The caller frees it. */
};

/*
 * Maps the ELF file at `path`: the program, or the interpreter that the program `needed_by` names,
 * which goes where there is room and has no interpreter itself. Returns 0 and fills in `image`, or
 * an error number after one line in the log that names `path` and says why. Thread context; one at
 * a time.
 */
int image_map(const char *path, const char *needed_by, struct image *image) MUST_USE;
