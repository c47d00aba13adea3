/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A line to whoever runs the machine: it asks, the kernel answers. For drivers_init(). */

#include "lib/base/types.h"

/*
 * Writes the answer to one line, NUL-ended and without its end, to `answer`, of which there are
 * `size` bytes, and returns its length. Runs in a bottom half, never twice at a time.
 */
typedef size_t control_answer_fn(const char *line, char *answer, size_t size);

/* Who answers. Before devices are looked for; without it, such devices are left alone. */
void virtio_console_set_answer(control_answer_fn *answer);
