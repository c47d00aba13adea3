/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/doctor/tool.h"

#include "host/child.h"
#include "host/xmem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LINE_SIZE_MAX = 512,
};

/* Where a user's PATH often does not lead. */
static const char admin_path[] = "/usr/local/sbin:/usr/sbin:/sbin";

static char *find_in(const char *folders, const char *name)
{
    while (folders && *folders != '\0') {
        size_t len = strcspn(folders, ":");
        char *path = xasprintf("%.*s/%s", (int)len, folders, name);

        if (len > 0 && access(path, X_OK) == 0)
            return path;
        free(path);
        folders += len;
        folders += *folders == ':';
    }
    return NULL;
}

char *tool_find(const char *name)
{
    char *path = find_in(getenv("PATH"), name);

    return path ? path : find_in(admin_path, name);
}

char *tool_line(const char *path, const char *argument)
{
    char *argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)argument, NULL };
    struct child_spec spec = { .argv = argv, .mutes_stderr = true, .output_max = LINE_SIZE_MAX };
    char *text;

    (void)child_run(&spec, &text);
    text[strcspn(text, "\n")] = '\0';
    if (*text != '\0')
        return text;
    free(text);
    return NULL;
}

char *tool_version(const char *line)
{
    for (const char *at = line; *at != '\0'; at++) {
        bool starts = at == line || at[-1] == ' ' || at[-1] == 'v';
        size_t len = strspn(at, "0123456789.");

        if (starts && isdigit((unsigned char)*at) && memchr(at, '.', len))
            return xstrndup(at, len);
    }
    return NULL;
}
