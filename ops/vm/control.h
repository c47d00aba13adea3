/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kernel's control channel, a unix socket on this side: a request is a line, an answer lines up
 * to `end`. The figures come as Prometheus text. The guest is not trusted.
 */

#include <stdint.h>

struct err;

enum {
    CONTROL_SIZE_MAX = 256 * 1024, /* Of an answer. */
    CONTROL_TIMEOUT_MS = 2000,
};

/* Asks by a connected socket. Returns the answer without its `end`, to be freed, or NULL. */
char *control_ask(int fd, const char *request, int timeout_ms, struct err *err);

/*
 * The sum of all samples of `name` in Prometheus text, times `scale`; those with the label `skip`
 * (device="lo"; NULL: none) aside. -1 when there is none or it is no number.
 */
int64_t control_figure(const char *text, const char *name, const char *skip, int64_t scale);
