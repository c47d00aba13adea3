/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A FAT16 filesystem of a few files, for an EFI system partition. Microsoft's "FAT: General
 * Overview of On-Disk Format" 1.03. Names are 8.3, upper case on disk.
 */

#include <stddef.h>
#include <stdint.h>

struct err;

struct fat_file {
    const char *path; /* "SOLITON.ELF" or "EFI/BOOT/BOOTX64.EFI": at most two directories. */
    const uint8_t *bytes;
    size_t size;
};

/* How large the filesystem has to be to hold the files, in bytes. */
uint64_t fat_size(const struct fat_file *files, size_t count);

/*
 * Writes a filesystem of `size` bytes at `off`, where the file is all zeros. Every date in it is
 * `epoch`, in seconds of Unix time. Returns 0, or -1 with `err` set.
 */
int fat_write(int fd, uint64_t off, uint64_t size, const struct fat_file *files, size_t count,
              uint64_t epoch, uint32_t serial, struct err *err);
