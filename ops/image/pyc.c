/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/pyc.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/image/tree.h"
#include "ops/image/tree_inner.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HEADER_SIZE = 16, /* Magic number, flags, time, size; little-endian. */
    FLAGS_OFF = 4,
    TIME_OFF = 8,
};

static uint32_t word_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The time of its source that a compiled module names; 0: none, it goes by a hash. */
static uint32_t time_read(const char *path)
{
    uint8_t header[HEADER_SIZE] = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_read = fd >= 0 && read(fd, header, sizeof(header)) == (ssize_t)sizeof(header);
    uint32_t time_s = word_at(header + TIME_OFF);

    if (fd >= 0)
        close(fd);
    return is_read && word_at(header + FLAGS_OFF) == 0 && time_s <= INT32_MAX ? time_s : 0;
}

/* The source of "__pycache__/os.cpython-311.pyc" is "os.py", or NULL. */
static struct tree_node *source_find(const struct tree_node *node)
{
    size_t len = strlen(node->name);
    struct tree_node *source = NULL;
    char *name;
    char *dot;

    if (len < 4 || strcmp(node->name + len - 4, ".pyc") != 0 ||
        strcmp(node->parent->name, "__pycache__") != 0)
        return NULL;
    name = xasprintf("%.*s", (int)(len - 4), node->name);
    dot = strrchr(name, '.');
    if (dot && strlen(dot) >= strlen(".py")) {
        memcpy(dot, ".py", strlen(".py") + 1);
        source = tree_child_find(node->parent->parent, name);
    }
    free(name);
    return source;
}

static int node_see(struct tree_node *node, void *context, struct err *err)
{
    struct tree_node *source;

    (void)context;
    (void)err;
    if (node->type != TREE_FILE || !node->source)
        return 0;
    source = source_find(node);
    if (source && source->type == TREE_FILE)
        source->time_s = time_read(node->source);
    return 0;
}

void pyc_times_set(struct tree *tree)
{
    struct err ignored;

    (void)tree_walk(tree, node_see, NULL, &ignored);
}
