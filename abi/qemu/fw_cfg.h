/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* QEMU's docs/specs/fw_cfg: files from whoever started the machine. Numbers are big-endian. */

enum {
    FW_CFG_PORT_SELECT = 0x510, /* 16 bits: which item the data port gives, from its start. */
    FW_CFG_PORT_DATA = 0x511,   /* 8 bits: its next byte; 0 past its end. */

    FW_CFG_ITEM_SIGNATURE = 0x0000, /* "QEMU" */
    FW_CFG_ITEM_DIRECTORY = 0x0019,
    FW_CFG_ITEM_FILE_FIRST = 0x0020,
    FW_CFG_ITEM_MASK = 0x3fff, /* Bits above: write, and items of the architecture. */

    FW_CFG_COUNT_SIZE = 4,  /* At the start of the directory; then the entries: */
    FW_CFG_ENTRY_SIZE = 64, /* Size (4), item (2), reserved (2), name. */
    FW_CFG_ENTRY_ITEM = 4,
    FW_CFG_ENTRY_NAME = 8,
    FW_CFG_NAME_SIZE = 56, /* With its NUL. */
};
