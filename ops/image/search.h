/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the dynamic loader would find a library. */

#include <stdbool.h>

struct deps;
struct deps_object;

/*
 * Sets path and source of `found`, whose name is set, to where the loader finds it for the object
 * of index `by`, which needs it. Returns false when it is nowhere.
 */
bool search_needed(const struct deps *deps, struct deps_object *found, int by);

/* The same for a library that is opened by name, out of nowhere. */
bool search_by_name(const struct deps *deps, struct deps_object *found);

/* Where `path` of the image lies on this machine, links followed within the root. To be freed. */
char *search_source(const struct deps *deps, const char *path);

/* Whether the object lies elsewhere on this machine than in the image. */
bool search_is_moved(const struct deps *deps, const struct deps_object *object);
