/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Packages come from strangers: what one says concerns its machine, never the one of ops. */

struct err;
struct settings;

/*
 * Checks that what package.json says, in `settings`, names no file outside of `sysroot`, and has
 * nothing run, mounted or read here. Returns 0, or -1 with `err` set.
 */
int reach_check(const struct settings *settings, const char *sysroot, struct err *err);
