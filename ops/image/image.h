/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bootable disk image, as a raw file: GPT, an EFI system partition with the kernel, an ext4 root.
 * The same inputs give the same bytes.
 */

#include <stdint.h>

struct err;

struct image_spec {
    const char *kernel; /* The kernel's ELF file on this machine. */
    const char *loader; /* The UEFI loader, or NULL: the image boots only with `-kernel`. */
    struct tree *tree;  /* What is in the root filesystem. */

    uint64_t root_size_min; /* Bytes of the root filesystem; 0: what the tree needs. */
};

struct image_size {
    uint64_t disk;    /* What the machine sees. */
    uint64_t content; /* What is in the files. */
};

/*
 * Writes the image to `path`: there is a whole image or nothing new. A progress bar tells how far
 * it is. Returns 0, or -1 with `err` set.
 */
int image_write(const char *path, const struct image_spec *spec, struct image_size *size,
                struct err *err);

/* What SOURCE_DATE_EPOCH says, else the start of 1980, where FAT's calendar starts. */
uint64_t image_epoch(void);
