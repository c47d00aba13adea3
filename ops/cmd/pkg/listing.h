/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `pkg list` and `pkg search` share. */

struct err;

/*
 * Prints the packages whose name, version, language or description matches `pattern`, an extended
 * regular expression without regard to case; NULL: all. Returns 0, or -1 with `err` set.
 */
int pkg_listing_print(const char *pattern, const char *empty, struct err *err);
