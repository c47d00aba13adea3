/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* `ops run --background`: an image and an instance in place of a run. */

struct err;
struct settings;

/*
 * Builds the program's image and starts an instance of it, both called PROGRAM.N or as the settings
 * say, and prints the name. Returns 0, or -1 with `err` set and nothing left.
 */
int run_background(const struct settings *settings, struct err *err);
