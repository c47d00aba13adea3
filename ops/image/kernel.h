/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The kernel and the loader that go into images. */

struct err;

struct kernel_files {
    char *kernel; /* soliton.elf */
    char *loader; /* BOOTX64.EFI, or NULL: none was built. */
};

/*
 * Finds them beside the ops binary, or where an installed ops has them, in ../lib/soliton;
 * `kernel` takes the place of the first, unless NULL. Returns 0, or -1 with `err` set. To be given
 * back with kernel_files_fini() in any case.
 */
int kernel_files_find(struct kernel_files *files, const char *kernel, struct err *err);
void kernel_files_fini(struct kernel_files *files);

/* A name for the kernel in a file that changes with it, to be freed; NULL: it cannot be read. */
char *kernel_id(const char *path);
