/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/entry_user.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/image/sysroot.h"
#include "ops/pkg/draft.h"
#include "ops/pkg/entry_name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_SIZE_MAX = 1 << 20,
    FIELDS_MAX = 7, /* name:password:uid:gid:comment:home:shell */
    FIELD_ID = 2,
    FIELD_GID = 3,
    FIELD_HOME = 5,
    ID_MAX = 0x7fffffff,
};

/* A line of /etc/passwd or /etc/group, taken apart. */
struct record {
    char *line; /* Owned. */
    char *fields[FIELDS_MAX];
};

static void record_split(struct record *record, const char *line, size_t len)
{
    char *rest;

    *record = (struct record){ .line = xstrndup(line, len) };
    rest = record->line;
    for (size_t i = 0; i < FIELDS_MAX; i++)
        record->fields[i] = rest ? strsep(&rest, ":") : NULL;
}

/* Finds who is called `word`, or has it for a number. Returns false: nobody is. */
static bool record_find(struct record *record, const char *sysroot, const char *file,
                        const char *word)
{
    char *path = sysroot_resolve(sysroot, file);
    char *text = file_read_text(path, FILE_SIZE_MAX);
    bool is_found = false;

    *record = (struct record){ .line = NULL };
    for (const char *line = text; line && *line && !is_found;) {
        size_t len = strcspn(line, "\n");

        free(record->line);
        record_split(record, line, len);
        is_found = record->fields[FIELD_ID] && (strcmp(record->fields[0], word) == 0 ||
                                                strcmp(record->fields[FIELD_ID], word) == 0);
        line += len;
        line += *line == '\n';
    }
    free(text);
    free(path);
    return is_found;
}

static bool id_parse(unsigned long *id, const char *text)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    *id = strtoul(text, &end, 10);
    return *end == '\0' && *id <= ID_MAX;
}

static int group_find(unsigned long *gid, const char *sysroot, const char *group, struct err *err)
{
    struct record record;
    bool is_found = record_find(&record, sysroot, "/etc/group", group);
    bool good = id_parse(gid, is_found ? record.fields[FIELD_ID] : group);
    char *shown;

    free(record.line);
    if (good)
        return 0;
    shown = entry_name_show(group);
    err_set(err, "USER names the group '%.60s', which is not in /etc/group", shown);
    free(shown);
    return -1;
}

static void home_set(struct draft_info *info, const char *home)
{
    for (size_t i = 0; i < info->envs.count; i++) {
        if (strncmp(info->envs.items[i], "HOME=", 5) == 0)
            return;
    }
    if (home && home[0] == '/')
        strings_addf(&info->envs, "HOME=%s", home);
}

int entry_user_find(struct draft_info *info, const char *sysroot, const char *user, struct err *err)
{
    char *name = xstrndup(user ? user : "", strcspn(user ? user : "", ":"));
    const char *group = user ? strchr(user, ':') : NULL;
    struct record record = { .line = NULL };
    unsigned long uid = 0;
    unsigned long gid = 0;
    bool is_found = *name != '\0' && record_find(&record, sysroot, "/etc/passwd", name);
    int status = 0;

    if (*name != '\0' && !id_parse(&uid, is_found ? record.fields[FIELD_ID] : name)) {
        char *shown = entry_name_show(name);

        status = err_set(err, "USER is '%.60s', who is not in /etc/passwd", shown);
        free(shown);
    }
    if (status == 0 && is_found) {
        (void)id_parse(&gid, record.fields[FIELD_GID]);
        home_set(info, record.fields[FIELD_HOME]);
    }
    if (status == 0 && group && group[1] != '\0')
        status = group_find(&gid, sysroot, group + 1, err);
    if (status == 0 && (uid != 0 || gid != 0))
        info->user = xasprintf("%lu:%lu", uid, gid);
    free(record.line);
    free(name);
    return status;
}
