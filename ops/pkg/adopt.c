/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/adopt.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/config/config.h"
#include "ops/config/settings.h"
#include "ops/image/sysroot.h"
#include "ops/image/tree.h"
#include "ops/pkg/draft.h"
#include "ops/pkg/from.h"
#include "ops/pkg/pack.h"
#include "ops/pkg/package.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* package.json or package.manifest, whichever there is; to be freed. NULL with `err` set. */
static char *description_find(const char *dir, struct err *err)
{
    char *path = xasprintf("%s/package.json", dir);
    struct stat st;

    if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
        free(path);
        if (!is_there(dir)) {
            err_set_errno(err, "cannot read it");
        } else {
            err_set(err, "it is not a directory");
        }
        return NULL;
    }
    if (!is_there(path)) {
        free(path);
        path = xasprintf("%s/package.manifest", dir);
    }
    if (!is_there(path)) {
        free(path);
        err_set(err, "it has no package.json\nhint: {\"Program\": \"/bin/app\"} is the least");
        return NULL;
    }
    return path;
}

/* Where OPS has the program: beside package.manifest, below the package's own name. */
static char *beside_path(const char *dir, const char *program)
{
    const char *slash = strchr(program, '/');

    return xasprintf("%s/%s", dir, slash ? slash + 1 : program);
}

static int tree_fill(struct tree *tree, const char *dir, const char *program, struct err *err)
{
    char *sysroot = xasprintf("%s/sysroot", dir);
    char *beside = beside_path(dir, program);
    char *path = path_normalize("/", program);
    char *source = sysroot_resolve(sysroot, path);
    int status = 0;

    if (is_there(sysroot))
        status = tree_add_host_dir(tree, "/", sysroot, err);
    if (status == 0 && !is_there(source)) {
        status = program[0] != '/' && is_there(beside)
                     ? tree_add_file(tree, path, beside, err)
                     : err_set(err, "its program '%s' is not in sysroot/", path);
    }
    free(source);
    free(path);
    free(beside);
    free(sysroot);
    return status;
}

static int content_take(struct draft *draft, const char *dir, const char *program, struct err *err)
{
    struct tree tree;
    int status;

    tree_init(&tree);
    status = tree_fill(&tree, dir, program, err);
    if (status == 0)
        status = pack_tree(&tree, draft->sysroot, err);
    tree_fini(&tree);
    return status;
}

static int readme_take(const struct draft *draft, const char *dir, struct err *err)
{
    char *from = xasprintf("%s/README.md", dir);
    char *to = xasprintf("%s/README.md", draft->path);
    int status = is_there(from) ? pack_file(from, to, 0644, err) : 0;

    free(to);
    free(from);
    return status;
}

static void names_set(struct draft_info *info, const char *dir, const char *name,
                      const char *version, const char *said)
{
    const char *colon = name ? strchr(name, ':') : NULL;

    if (name) {
        info->name = colon ? xstrndup(name, (size_t)(colon - name)) : xstrdup(name);
    } else {
        info->name = from_name(dir);
    }
    if (!version)
        version = colon ? colon + 1 : said;
    info->version = version ? xstrdup(version) : NULL;
}

static int description_read(struct draft_info *info, struct settings *settings, const char *dir,
                            struct err *err)
{
    char *path = description_find(dir, err);
    int status = path ? config_read(settings, path, err) : -1;

    if (status == 0 && !settings->guest_program)
        status = err_set(err, "'%s' names no \"Program\"", path);
    if (status == 0) {
        info->base = file_read_text(path, PACKAGE_JSON_MAX);
        info->program = path_normalize("/", settings->guest_program);
    }
    free(path);
    return status;
}

int adopt(const char *dir, const char *name, const char *version, bool replaces, char **folder,
          struct err *err)
{
    struct draft draft = { 0 };
    struct draft_info info = { 0 };
    struct settings settings;
    int status;

    settings_init(&settings);
    status = description_read(&info, &settings, dir, err);
    if (status == 0) {
        names_set(&info, dir, name, version, settings.version);
        status = draft_init(&draft, err);
    }
    if (status == 0)
        status = content_take(&draft, dir, settings.guest_program, err);
    if (status == 0)
        status = readme_take(&draft, dir, err);
    if (status == 0)
        status = draft_keep(&draft, &info, replaces, folder, err);
    draft_info_fini(&info);
    draft_fini(&draft);
    settings_fini(&settings);
    return status;
}
