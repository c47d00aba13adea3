/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* USER of a container image. */

struct draft_info;
struct err;

/*
 * Sets `info->user` to UID:GID for `user`, which is USER or USER:GROUP, names or numbers as
 * /etc/passwd and /etc/group of the sysroot have them, and HOME in its environment if nobody did.
 * NULL, "" and root are nobody in particular. Returns 0, or -1 with `err` set.
 */
int entry_user_find(struct draft_info *info, const char *sysroot, const char *user,
                    struct err *err);
