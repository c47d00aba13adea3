/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "Did you mean": the known word nearest to one that is not known. */

#include <stddef.h>

/*
 * How many letters have to be changed, added, taken out or swapped with a neighbour to make `b` of
 * `a`, whatever their case. Words longer than 63 letters are infinitely far.
 */
size_t suggest_distance(const char *a, const char *b);
