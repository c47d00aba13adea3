/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A new version of a program in the place of the one that runs.
 *
 *     build --> create --> healthy --> switch --> remove the old
 *       |          |          |          |
 *       +----------+----------+----------+--> failure: the new is removed, the old serves on
 *
 * A deployment called NAME has instances NAME-1, NAME-2, ... each with an image of its own of that
 * name, so that the old one can be started again until it is removed. The new one is reached by
 * ports that nobody knows until it is healthy. A deployment that was killed leaves an instance, or
 * an image, which the next one removes.
 */

#include <stdint.h>

struct err;

struct deploy {
    const struct provider *provider;
    const struct settings *settings;
    const char *name;
    const char *health;         /* A shell command that ends with 0 when all is well, or NULL. */
    uint64_t health_timeout_ms; /* For all of the health check. */
    uint64_t grace_ms;          /* For the old one to end. */
};

/* Does all of it. `*instance` is the new one's name, to be freed. */
int deploy_run(const struct deploy *deploy, char **instance, struct err *err);
