/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the kernel answers on the control channel: one line asks, the answer is text.
 *
 *     stats     figures of this machine in Prometheus' text format, ended by a line `end`
 *
 * Any other line is answered by `error unknown request`.
 */

#include "lib/base/types.h"

/*
 * Writes the answer to `line` to `answer`, of which there are `size` bytes (CONTROL_SIZE_MIN at
 * least), and returns its length. An answer that does not fit loses lines, but never its end. Any
 * context; takes no lock and does not sleep.
 */
size_t control_answer(const char *line, char *answer, size_t size);

enum {
    CONTROL_SIZE_MIN = 64,
};
