/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/from.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/image/root.h"
#include "ops/pkg/draft.h"
#include "ops/pkg/pack.h"

#include <stdlib.h>
#include <string.h>

static void ports_put(struct strings *list, const struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        strings_addf(list, "%u:%u", ports->items[i].host, ports->items[i].guest);
}

static void text_put(char **field, const char *text)
{
    if (!*field && text)
        *field = xstrdup(text);
}

static void info_fill(struct draft_info *info, const struct settings *settings,
                      const struct root *root)
{
    text_put(&info->program, root->program);
    text_put(&info->cwd, settings->cwd);
    text_put(&info->version, settings->version);
    text_put(&info->language, settings->language);
    text_put(&info->description, settings->description);
    strings_add_all(&info->args, &settings->args);
    strings_add_all(&info->envs, &settings->envs);
    ports_put(&info->ports, &settings->ports);
    ports_put(&info->udp_ports, &settings->udp_ports);
}

int from_settings(struct draft *draft, struct draft_info *info, const struct settings *settings,
                  struct strings *warnings, struct err *err)
{
    struct root root;
    int status = root_init(&root, settings, err);

    if (status == 0)
        status = pack_tree(&root.tree, draft->sysroot, err);
    if (status == 0)
        info_fill(info, settings, &root);
    strings_add_all(warnings, &root.warnings);
    root_fini(&root);
    return status;
}

char *from_name(const char *path)
{
    static const char *const endings[] = { ".gz", ".zst", ".tgz", ".tar", ".oci", ".deb" };
    char *copy = xstrdup(path);
    size_t len = strlen(copy);
    char *name;

    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = '\0';
    name = xstrdup(path_base(copy));
    free(copy);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t tail = strlen(endings[i]);

        len = strlen(name);
        if (len > tail && strcmp(name + len - tail, endings[i]) == 0)
            name[len - tail] = '\0';
    }
    return name;
}
