/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether a new instance does what it is for. */

struct deploy;
struct err;

/*
 * Waits until every TCP port that the settings forward is answered and the health command, if there
 * is one, ends with 0, or the time is over, or a signal says to stop. Returns 0, or -1 with `err`
 * set.
 */
int health_wait(const struct deploy *deploy, const char *instance, struct err *err);
