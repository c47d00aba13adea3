/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* libext2fs' headers, which are not written for our warnings. */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
/* IWYU pragma: begin_exports */
#include <et/com_err.h>
#include <ext2fs/ext2_err.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2_io.h>
#include <ext2fs/ext2_types.h>
#include <ext2fs/ext2fs.h>
/* IWYU pragma: end_exports */
#pragma GCC diagnostic pop
