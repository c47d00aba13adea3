/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/ldconf.h"

#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum {
    LDCONF_SIZE_MAX = 64 * 1024,
    LDCONF_DEPTH_MAX = 8, /* Files that include files. */
};

static const char blanks[] = " \t\r";

static void file_parse(struct strings *dirs, const char *root, const char *path, int depth);

/* `include PATTERN`: relative patterns count from the directory of the file that says it. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void include_parse(struct strings *dirs, const char *root, const char *file,
                          const char *pattern, int depth)
{
    char *dir = path_dir(file);
    char *full = pattern[0] == '/' ? xasprintf("%s%s", root, pattern)
                                   : xasprintf("%s%s/%s", root, dir, pattern);
    glob_t found;

    if (glob(full, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            file_parse(dirs, root, found.gl_pathv[i] + strlen(root), depth + 1);
        globfree(&found);
    }
    free(full);
    free(dir);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void line_parse(struct strings *dirs, const char *root, const char *file, char *line,
                       int depth)
{
    char *rest;
    char *word;

    line[strcspn(line, "#")] = '\0';
    line += strspn(line, blanks);
    if (strncmp(line, "include", 7) == 0 && strchr(blanks, line[7]) && line[7] != '\0') {
        rest = line + 7;
        while ((word = strsep(&rest, blanks)) != NULL) {
            if (*word != '\0')
                include_parse(dirs, root, file, word, depth);
        }
        return;
    }
    if (strncmp(line, "hwcap", 5) == 0)
        return;
    rest = line;
    while ((word = strsep(&rest, " \t\r:,")) != NULL) {
        if (*word == '/' && !strings_has(dirs, word))
            strings_add(dirs, word);
    }
}

/* Recursion is bounded by LDCONF_DEPTH_MAX. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void file_parse(struct strings *dirs, const char *root, const char *path, int depth)
{
    char *full = xasprintf("%s%s", root, path);
    char *text = depth > LDCONF_DEPTH_MAX ? NULL : file_read_text(full, LDCONF_SIZE_MAX);
    char *rest = text;

    while (rest)
        line_parse(dirs, root, path, strsep(&rest, "\n"), depth);
    free(text);
    free(full);
}

void ldconf_read(struct strings *dirs, const char *root)
{
    file_parse(dirs, strcmp(root, "/") == 0 ? "" : root, "/etc/ld.so.conf", 0);
}
