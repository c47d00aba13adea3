/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * /etc/ld.so.cache as glibc's loader reads it ("glibc-ld.so.cache1.1"). Without it the loader in
 * the image would not know of ld.so.conf's directories, and would try several paths for each
 * library.
 */

#include <stddef.h>
#include <stdint.h>

struct ldcache_entry {
    const char *name; /* "libc.so.6" */
    const char *path;
};

/* The bytes of a cache, to be freed. Sorts `entries`. */
uint8_t *ldcache_make(struct ldcache_entry *entries, size_t count, size_t *size);

/* glibc's order of names: numbers in them count as numbers. Below, at or above 0. */
int ldcache_compare(const char *left, const char *right);
