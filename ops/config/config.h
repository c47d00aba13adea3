/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config.json: keys as OPS has them, in any case (ops/config/keys.h). Whatever is wrong is named
 * with file and line; a key that is not known with the nearest that is. With `renders` set in the
 * settings, variables of the environment take the place of $NAME and ${NAME} (ops/config/render.h).
 */

#include <stddef.h>

struct err;
struct settings;

/* Reads the file at `path` into `settings`. Returns 0, or -1 with `err` set. */
int config_read(struct settings *settings, const char *path, struct err *err);

/* The same for `size` bytes of text; `name` is what messages call it. */
int config_parse(struct settings *settings, const char *text, size_t size, const char *name,
                 struct err *err);

/*
 * Reads the files that `settings` names, each over the one before; if it names none, the one that
 * OPS_DEFAULT_CONFIG names, or .opsrc in the home directory if that is there. Whether they are
 * rendered says also the environment, with ops_render_config=true.
 */
int config_read_all(struct settings *settings, struct err *err);
