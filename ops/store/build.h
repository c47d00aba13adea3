/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From what the user asked for to an image. */

struct err;
struct settings;

/*
 * Builds the image that `settings` ask for as the file `path`, and tells the user what is other
 * than expected. Returns 0, or -1 with `err` set and nothing changed.
 */
int build_image(const char *path, const struct settings *settings, struct err *err);
