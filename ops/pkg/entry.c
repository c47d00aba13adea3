/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/entry.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/image/script.h"
#include "ops/image/sysroot.h"
#include "ops/pkg/draft.h"
#include "ops/pkg/entry_name.h"
#include "ops/pkg/entry_user.h"
#include "ops/pkg/oci_json.h"
#include "ops/pkg/spot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STEPS_MAX = 8,       /* Wrappers in wrappers, scripts of scripts. */
    PORT_FORWARD = 8000, /* What ports of root are forwarded from: 80 from 8080. */
    PORT_FREE = 1024,
};

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Programs that only start another one. */
static const char *const inits[] = { "tini",      "tini-static", "dumb-init",
                                     "catatonit", "docker-init", NULL };

struct work {
    const char *sysroot;
    const struct oci_config *config;
    struct strings argv;
    struct strings *notes;
    struct strings *shown; /* What messages hold of the image, made fit for a terminal. */
};

static const char *show(const struct work *work, const char *text)
{
    strings_take(work->shown, entry_name_show(text));
    return work->shown->items[work->shown->count - 1];
}

static bool is_one_of(const char *const *names, const char *path)
{
    for (; *names; names++) {
        if (strcmp(path_base(path), *names) == 0)
            return true;
    }
    return false;
}

/* Takes the first `count` words off. */
static void words_drop(struct strings *words, size_t count)
{
    struct strings rest = { 0 };

    for (size_t i = count; i < words->count; i++)
        strings_add(&rest, words->items[i]);
    strings_fini(words);
    *words = rest;
}

/* Adds a quoted part of a word, or one letter, and moves behind it. False: a shell is needed. */
static bool part_take(char *word, const char **command)
{
    static const char special[] = "$`|&;<>(){}*?[]~#\\!\n";
    const char *at = *command;
    bool is_quoted = *at == '\'' || *at == '"';
    const char *start = is_quoted ? at + 1 : at;
    const char *end = is_quoted ? strchr(start, *at) : at + 1;
    const char *bad = special;

    if (is_quoted)
        bad = *at == '"' ? "$`\\!" : "";
    if (!end || strcspn(start, bad) < (size_t)(end - start))
        return false;
    memcpy(word + strlen(word), start, (size_t)(end - start));
    *command = is_quoted ? end + 1 : end;
    return true;
}

bool entry_split(struct strings *words, const char *command)
{
    const char *at = command + strspn(command, " \t");
    bool good = true;

    while (*at != '\0' && good) {
        char *word = xcalloc(strlen(at) + 1, 1);

        while (*at != '\0' && *at != ' ' && *at != '\t' && good)
            good = part_take(word, &at);
        strings_take(words, word);
        at += strspn(at, " \t");
    }
    if (words->count > 0 && strcmp(words->items[0], "exec") == 0)
        words_drop(words, 1);
    return good && words->count > 0 && !strchr(words->items[0], '=');
}

static const char *env_find(const struct strings *envs, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < envs->count; i++) {
        if (strncmp(envs->items[i], name, len) == 0 && envs->items[i][len] == '=')
            return envs->items[i] + len + 1;
    }
    return NULL;
}

static bool is_file(const struct work *work, const char *path)
{
    char *source = sysroot_resolve(work->sysroot, path);
    struct stat st;
    bool is = stat(source, &st) == 0 && S_ISREG(st.st_mode);

    free(source);
    return is;
}

/* Where a shell would find a program: a path counts from WORKDIR. To be freed, or NULL. */
static char *program_find(const struct work *work, const char *name)
{
    const char *dirs = env_find(&work->config->envs, "PATH");
    const char *cwd = work->config->cwd && *work->config->cwd == '/' ? work->config->cwd : "/";
    char *path;

    if (strchr(name, '/')) {
        path = path_normalize(cwd, name);
        if (is_file(work, path))
            return path;
        free(path);
        return NULL;
    }
    for (dirs = dirs ? dirs : PATH_DEFAULT; *dirs != '\0';) {
        size_t len = strcspn(dirs, ":");

        char *joined = xasprintf("%.*s/%s", (int)len, dirs, name);

        path = path_normalize("/", joined);
        free(joined);
        if (dirs[0] == '/' && is_file(work, path))
            return path;
        free(path);
        dirs += len;
        dirs += *dirs == ':';
    }
    return NULL;
}

/* What to give to --program: what CMD starts with, where the entry point runs that. */
static void script_hint(const struct work *work, struct err *err, const char *what)
{
    const struct strings *cmd = &work->config->cmd;
    bool is_cmd = work->config->entrypoint.count > 0 && cmd->count > 0;

    err_set(err,
            "%s, and the machine runs one program without a shell\n"
            "hint: name the program that it starts: --program %s",
            what, is_cmd ? show(work, cmd->items[0]) : "PATH -a ARGUMENT");
}

/* /bin/sh -c 'COMMAND': taken apart when it is but words. */
static int shell_take_off(struct work *work, struct err *err)
{
    struct strings words = { 0 };
    char *what;

    if (work->argv.count >= 3 && strcmp(work->argv.items[1], "-c") == 0) {
        if (entry_split(&words, work->argv.items[2])) {
            strings_addf(work->notes, "'%.60s' is run without a shell",
                         show(work, work->argv.items[2]));
            strings_fini(&work->argv);
            work->argv = words;
            return 0;
        }
        what =
            xasprintf("the image runs a shell command, '%.100s'", show(work, work->argv.items[2]));
    } else {
        what = xasprintf("the image runs a shell, '%.100s'", show(work, work->argv.items[0]));
    }
    strings_fini(&words);
    script_hint(work, err, what);
    free(what);
    return -1;
}

/* tini -g -- PROGRAM: a machine of one program needs no init. */
static void init_take_off(struct work *work)
{
    size_t count = 1;

    strings_addf(work->notes, "'%s' is left out: it only starts the program",
                 path_base(work->argv.items[0]));
    while (count < work->argv.count && work->argv.items[count][0] == '-') {
        if (strcmp(work->argv.items[count++], "--") == 0)
            break;
    }
    words_drop(&work->argv, count);
}

/* Puts the interpreter of a script in front, as Linux does. */
static int script_take_on(struct work *work, const char *path, const char *line, struct err *err)
{
    struct strings argv = { 0 };
    struct strings args = { 0 };
    char *interp;
    bool is_shell;
    char *what;

    script_split(line, &interp, &args);
    is_shell = script_is_shell(interp);
    if (is_shell) {
        what = xasprintf("'%.100s' is a shell script", show(work, path));
        script_hint(work, err, what);
        free(what);
    }
    strings_take(&argv, interp);
    strings_add_all(&argv, &args);
    strings_fini(&args);
    strings_add(&argv, path);
    for (size_t i = 1; i < work->argv.count; i++)
        strings_add(&argv, work->argv.items[i]);
    strings_fini(&work->argv);
    work->argv = argv;
    return is_shell ? -1 : 0;
}

static int not_found(const struct work *work, struct err *err)
{
    const char *path = env_find(&work->config->envs, "PATH");
    const char *name = show(work, work->argv.items[0]);

    if (strchr(work->argv.items[0], '/'))
        return err_set(err, "its program '%.200s' is not in the image", name);
    return err_set(err, "its program '%.100s' is not in the image, where PATH is %.200s", name,
                   show(work, path ? path : PATH_DEFAULT));
}

/* One step nearer to a program; `*path` is set when it is one. */
static int step(struct work *work, char **path, struct err *err)
{
    char *found;
    char *line;
    char *source;
    int status = 0;

    if (work->argv.count == 0) {
        return err_set(err, "the image names nothing to run\n"
                            "hint: name it: --program PATH -a ARGUMENT");
    }
    if (script_is_shell(work->argv.items[0]))
        return shell_take_off(work, err);
    if (is_one_of(inits, work->argv.items[0])) {
        init_take_off(work);
        return 0;
    }
    found = program_find(work, work->argv.items[0]);
    if (!found)
        return not_found(work, err);
    source = sysroot_resolve(work->sysroot, found);
    line = script_line(source);
    free(source);
    if (!line) {
        *path = found;
        return 0;
    }
    status = script_take_on(work, found, line, err);
    free(line);
    free(found);
    return status;
}

static void argv_fill(struct work *work, const struct entry_wish *wish)
{
    if (wish->program) {
        struct strings all = { 0 };
        size_t first = 0;

        strings_add_all(&all, &work->config->entrypoint);
        strings_add_all(&all, &work->config->cmd);
        while (first < all.count &&
               strcmp(path_base(all.items[first]), path_base(wish->program)) != 0)
            first++;
        strings_add(&work->argv, wish->program);
        for (size_t i = first + 1; i < all.count && wish->args.count == 0; i++)
            strings_add(&work->argv, all.items[i]);
        strings_fini(&all);
    } else {
        strings_add_all(&work->argv, &work->config->entrypoint);
        if (wish->args.count == 0)
            strings_add_all(&work->argv, &work->config->cmd);
    }
    strings_add_all(&work->argv, &wish->args);
}

/* Ports below 1024 are root's here: their forwards come from 8000 above. */
static void port_put(struct strings *ports, const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    if (*end == '\0' && port > 0 && port < PORT_FREE) {
        strings_addf(ports, "%lu:%lu", port + PORT_FORWARD, port);
    } else {
        strings_add(ports, text);
    }
}

static int cwd_make(const struct work *work, const char *path, struct err *err)
{
    char *probe = xasprintf("%s/.", path + strspn(path, "/"));
    int top = open(work->sysroot, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct spot spot = { .dir_fd = -1 };
    const char *wrong = top < 0 ? "cannot be opened" : spot_open(&spot, top, probe, true);
    char *source = sysroot_resolve(work->sysroot, path);
    struct stat st;

    /* A link on the way may be absolute: what matters is what the machine will see. */
    if (wrong && stat(source, &st) == 0 && S_ISDIR(st.st_mode))
        wrong = NULL;
    spot_close(&spot);
    if (top >= 0)
        close(top);
    free(source);
    free(probe);
    return wrong ? err_set(err, "WORKDIR '%.200s' %s", show(work, path), wrong) : 0;
}

static int cwd_set(struct draft_info *info, const struct work *work, struct err *err)
{
    const char *cwd = work->config->cwd;

    if (!cwd || *cwd == '\0' || strcmp(cwd, "/") == 0)
        return 0;
    info->cwd = path_normalize("/", cwd);
    return strcmp(info->cwd, "/") == 0 ? 0 : cwd_make(work, info->cwd, err);
}

static int envs_set(struct draft_info *info, const struct work *work, struct err *err)
{
    const struct oci_config *config = work->config;

    for (size_t i = 0; i < config->envs.count; i++) {
        if (!strings_set_env(&info->envs, config->envs.items[i]))
            return err_set(err, "ENV '%.80s' is not NAME=VALUE", show(work, config->envs.items[i]));
    }
    for (size_t i = 0; i < config->ports.count; i++)
        port_put(&info->ports, config->ports.items[i]);
    for (size_t i = 0; i < config->udp_ports.count; i++)
        port_put(&info->udp_ports, config->udp_ports.items[i]);
    return 0;
}

int entry_find(struct draft_info *info, const char *sysroot, const struct oci_config *config,
               const struct entry_wish *wish, struct strings *notes, struct err *err)
{
    struct strings shown = { 0 };
    struct work work = { .sysroot = sysroot, .config = config, .notes = notes, .shown = &shown };
    char *path = NULL;
    int status = 0;

    argv_fill(&work, wish);
    for (int steps = 0; steps < STEPS_MAX && status == 0 && !path; steps++)
        status = step(&work, &path, err);
    if (status == 0 && !path)
        status = err_set(err, "the image runs scripts of scripts without an end");
    if (status == 0) {
        info->program = path;
        path = NULL;
        words_drop(&work.argv, 1);
        strings_add_all(&info->args, &work.argv);
        status = envs_set(info, &work, err);
    }
    if (status == 0)
        status = cwd_set(info, &work, err);
    if (status == 0)
        status = entry_user_find(info, sysroot, config->user, err);
    free(path);
    strings_fini(&work.argv);
    strings_fini(&shown);
    return status;
}
