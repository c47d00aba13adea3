/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files that whoever started the machine gives it, by QEMU's fw_cfg device: named, read-only, there
 * from the first instruction on. `-fw_cfg name=opt/NAME,file=PATH` adds one.
 *
 * The device has one position for all: one file is read at a time, by one thread, at boot.
 */

#include "abi/qemu/fw_cfg.h"
#include "lib/base/types.h"

enum {
    FW_CFG_FILES_MAX = 1024, /* In the directory; a QEMU has some twenty of its own. */
};

struct fw_cfg_file {
    u32 size;
    u16 item;
    char name[FW_CFG_NAME_SIZE]; /* Printable, ended by NUL. */
};

/*
 * Finds the files whose name begins with `prefix`, in the directory's order, and stores the first
 * `max` of them. Returns how many there are; 0 where there is no such device. A directory that
 * makes no sense is -EIO; entries that make none are passed over.
 */
int fw_cfg_find(const char *prefix, struct fw_cfg_file *files, u32 max) MUST_USE;

/* Goes to the start of a file. Then reads its next bytes; past its end there are zeros. */
void fw_cfg_open(const struct fw_cfg_file *file);
void fw_cfg_read(void *to, size_t size);
