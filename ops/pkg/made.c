/* SPDX-License-Identifier: Apache-2.0 */
/* glibc's search trees are balanced: names chosen to collide do no harm. */
#include "ops/pkg/made.h"

#include "host/xmem.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int order(const void *left, const void *right)
{
    return strcmp(left, right);
}

void made_fini(struct made *made)
{
    tdestroy(made->root, free);
    made->root = NULL;
}

void made_add(struct made *made, const char *path)
{
    if (!made_has(made, path))
        (void)tsearch(xstrdup(path), &made->root, order);
}

bool made_has(const struct made *made, const char *path)
{
    void *const *root = &made->root;

    return tfind(path, root, order) != NULL;
}
