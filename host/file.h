/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whole files, and paths. */

#include <stddef.h>
#include <stdint.h>

struct err;

/* A file in memory, read only. */
struct file_map {
    const uint8_t *bytes;
    size_t size;
};

/* Maps a regular file. Returns 0, or -1 with `err` set to the cause alone. An empty one is fine. */
int file_map_open(struct file_map *map, const char *path, struct err *err);
void file_map_close(struct file_map *map);

/*
 * Reads at most `size_max` bytes of a file of any kind into a new string. Returns it, or NULL: it
 * cannot be read, or is larger.
 */
char *file_read_text(const char *path, size_t size_max);

/* Writes all of it at `off`. Returns 0, or -1 with `errno` set. */
int file_write_at(int fd, const void *bytes, size_t size, uint64_t off);

/* Makes a directory and those above it. Returns 0, also when it is there, or -1 with `err` set. */
int dir_create(const char *path, struct err *err);

/* Removes a directory that holds nothing but files. Leaves in silence what it cannot remove. */
void dir_remove(const char *path);

/*
 * `path` made absolute by `base` if it is not, with no `.`, `..`, `//` and no `/` at its end. Goes
 * by the text alone. To be freed.
 */
char *path_normalize(const char *base, const char *path);

/* The part behind the last `/`. Points into `path`. */
const char *path_base(const char *path);

/* The part in front of it, "/" for a file there. To be freed. */
char *path_dir(const char *path);
