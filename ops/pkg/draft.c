/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/draft.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/pkg/package.h"
#include "ops/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void draft_info_fini(struct draft_info *info)
{
    free(info->name);
    free(info->version);
    free(info->program);
    strings_fini(&info->args);
    strings_fini(&info->envs);
    free(info->cwd);
    free(info->user);
    free(info->language);
    free(info->description);
    strings_fini(&info->ports);
    strings_fini(&info->udp_ports);
    free(info->base);
    *info = (struct draft_info){ 0 };
}

int draft_init(struct draft *draft, struct err *err)
{
    struct state_lock lock;

    *draft = (struct draft){ 0 };
    /* Makes the folder, and sweeps up what others left. */
    if (state_lock(&lock, STATE_PACKAGES, err) < 0)
        return -1;
    state_unlock(&lock);
    draft->path = state_tmp("package", err);
    if (!draft->path)
        return -1;
    draft->sysroot = xasprintf("%s/sysroot", draft->path);
    if (mkdir(draft->path, 0700) < 0 || mkdir(draft->sysroot, 0755) < 0)
        return err_set_errno(err, "cannot make '%s'", draft->sysroot);
    return 0;
}

void draft_fini(struct draft *draft)
{
    struct err ignored;

    if (draft->path)
        (void)state_remove(draft->path, &ignored);
    free(draft->path);
    free(draft->sysroot);
    *draft = (struct draft){ 0 };
}

static void text_put(json_t *object, const char *key, const char *text)
{
    if (text && *text != '\0')
        (void)json_object_set_new(object, key, json_string(text));
}

static void list_put(json_t *object, const char *key, const struct strings *list)
{
    json_t *array = list->count > 0 ? json_array() : NULL;

    for (size_t i = 0; i < list->count; i++)
        (void)json_array_append_new(array, json_string(list->items[i]));
    if (array)
        (void)json_object_set_new(object, key, array);
}

static void envs_put(json_t *object, const struct strings *envs)
{
    json_t *members = envs->count > 0 ? json_object() : NULL;

    for (size_t i = 0; i < envs->count; i++) {
        const char *equals = strchr(envs->items[i], '=');
        char *name = equals ? xstrndup(envs->items[i], (size_t)(equals - envs->items[i])) : NULL;

        if (name)
            (void)json_object_set_new(members, name, json_string(equals + 1));
        free(name);
    }
    if (members)
        (void)json_object_set_new(object, "Env", members);
}

char *draft_json(const struct draft_info *info)
{
    json_t *top = info->base ? json_loads(info->base, 0, NULL) : json_object();
    json_t *run = json_object();
    char *text;

    if (!top)
        top = json_object();
    text_put(top, "Program", info->program);
    list_put(top, "Args", &info->args);
    envs_put(top, &info->envs);
    text_put(top, "Cwd", info->cwd);
    text_put(top, "User", info->user);
    text_put(top, "Version", info->version);
    text_put(top, "Language", info->language);
    text_put(top, "Description", info->description);
    list_put(run, "Ports", &info->ports);
    list_put(run, "UDPPorts", &info->udp_ports);
    if (json_object_size(run) > 0)
        (void)json_object_set(top, "RunConfig", run);
    json_decref(run);
    text = json_dumps(top, JSON_INDENT(4));
    json_decref(top);
    return text;
}

/* The two change places if something is there; else it just moves. */
static int place(const char *from, const char *to, const char *word, bool replaces, struct err *err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EEXIST)
        return err_set_errno(err, "cannot rename '%s' to '%s'", from, to);
    if (!replaces) {
        return err_set(err,
                       "there is a package '%s' already\nhint: --replace takes its place, `ops pkg "
                       "delete %s` removes it",
                       word, word);
    }
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) < 0)
        return err_set_errno(err, "cannot replace '%s'", to);
    return 0;
}

static int json_write(const struct draft *draft, const struct draft_info *info, struct err *err)
{
    char *text = draft_json(info);
    char *path = xasprintf("%s/package.json", draft->path);
    FILE *file = text ? fopen(path, "wxe") : NULL;
    int status = 0;

    if (!text) {
        status = err_set(err, "what the package says of itself is not UTF-8");
    } else if (!file) {
        status = err_set_errno(err, "cannot make '%s'", path);
    } else {
        fprintf(file, "%s\n", text);
        if (fclose(file) != 0)
            status = err_set_errno(err, "cannot write '%s'", path);
    }
    free(path);
    free(text);
    return status;
}

int draft_keep(struct draft *draft, const struct draft_info *info, bool replaces, char **folder,
               struct err *err)
{
    struct state_lock lock = { 0 };
    char *word = package_folder(info->name, info->version ? info->version : "", err);
    char *path = word ? state_path(STATE_PACKAGES, word, "") : NULL;
    int status = word ? json_write(draft, info, err) : -1;

    if (status == 0)
        status = state_lock(&lock, STATE_PACKAGES, err);
    if (status == 0)
        status = place(draft->path, path, word, replaces, err);
    state_unlock(&lock);
    if (status == 0 && folder) {
        *folder = word;
        word = NULL;
    }
    free(path);
    free(word);
    return status;
}
