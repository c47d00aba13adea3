/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Variables of the environment in a configuration, for those who ask for it. */

#include <stddef.h>

struct err;

/*
 * Replaces $NAME and ${NAME} in JSON text by the variable's value; inside of quotes the value is
 * escaped, so that it cannot end them. $$ is a dollar, and so is one that no name follows. Returns
 * the new text, to be freed; NULL with `err` set when there is no such variable.
 */
char *render_variables(const char *text, size_t size, const char *name, struct err *err);
