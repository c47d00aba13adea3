/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/entry_name.h"

#include "host/xmem.h"
#include "ops/pkg/unpack.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
    SHOWN_MAX = 120,
};

const char *entry_name_check(const char *name, char **clean)
{
    size_t room = strlen(name);
    char *out = xcalloc(room + 2, 1);
    size_t len = 0;
    unsigned depth = 0;
    const char *wrong = NULL;

    if (name[0] == '/')
        wrong = "is an absolute path";
    if (room >= PATH_MAX)
        wrong = "has too long a name";
    while (*name != '\0' && !wrong) {
        size_t part = strcspn(name, "/");

        if (part == 2 && strncmp(name, "..", 2) == 0) {
            wrong = "leads out of the archive";
        } else if (part > UNPACK_NAME_MAX) {
            wrong = "has too long a name";
        } else if (part > 0 && !(part == 1 && name[0] == '.')) {
            if (++depth > UNPACK_DEPTH_MAX)
                wrong = "lies too deep";
            if (len > 0)
                out[len++] = '/';
            memcpy(out + len, name, part);
            len += part;
        }
        name += part;
        name += *name == '/';
    }
    *clean = out;
    return wrong;
}

bool entry_link_climbs(const char *path, const char *target)
{
    int depth = 0;

    if (target[0] == '/')
        return false;
    for (const char *at = path; *at; at++)
        depth += *at == '/';
    while (*target != '\0') {
        size_t part = strcspn(target, "/");

        if (part == 2 && strncmp(target, "..", 2) == 0) {
            if (--depth < 0)
                return true;
        } else if (part > 0 && !(part == 1 && target[0] == '.')) {
            depth++;
        }
        target += part;
        target += *target == '/';
    }
    return false;
}

char *entry_name_show(const char *name)
{
    size_t len = strlen(name);
    char *shown = len > SHOWN_MAX ? xasprintf("%.*s...", SHOWN_MAX, name) : xstrdup(name);

    for (char *at = shown; *at; at++) {
        if (!isprint((unsigned char)*at))
            *at = '?';
    }
    return shown;
}
