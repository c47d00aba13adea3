/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/from_deb.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/cli/ui.h"
#include "ops/config/settings.h"
#include "ops/image/sysroot.h"
#include "ops/pkg/apt.h"
#include "ops/pkg/deb.h"
#include "ops/pkg/draft.h"
#include "ops/pkg/entry_name.h"
#include "ops/pkg/from.h"
#include "ops/pkg/spot.h"
#include "ops/pkg/unpack.h"
#include "ops/state/state.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAMES_SHOWN_MAX = 12,
};

/* Work in progress: packages, and the tree they are unpacked into. */
struct work {
    const struct from_deb_wish *wish;
    char *downloads;
    char *staging;
    struct strings files; /* Of packages. */
    struct deb *debs;     /* The first is the one that is meant. */
    size_t deb_count;
};

/* What a package brings that no program in a machine wants. */
static const char *const unwanted[] = {
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/lintian/*",
    "usr/share/bug/*",
    "usr/share/menu/*",
    "usr/share/doc-base/*",
    "usr/share/bash-completion/*",
    "usr/share/zsh/*",
    "usr/share/vim/*",
    "usr/share/apport/*",
    "usr/share/applications/*",
    "usr/share/icons/*",
    "usr/share/pixmaps/*",
    "usr/share/debhelper/*",
    "usr/include/*",
    "usr/lib/debug/*",
    "usr/lib/systemd/*",
    "lib/systemd/*",
    "usr/lib/tmpfiles.d/*",
    "usr/lib/sysusers.d/*",
    "etc/init.d/*",
    "etc/cron*",
    "etc/logrotate.d/*",
    "etc/default/*",
    "etc/systemd/*",
    "etc/ufw/*",
    "etc/apparmor.d/*",
    "etc/pam.d/*",
    "etc/bash_completion.d/*",
    "usr/bin/*",
    "usr/sbin/*",
    "bin/*",
    "sbin/*",
    "*.a",
    "*.la",
    "usr/lib/x86_64-linux-gnu/lib*.so*",
    "lib/x86_64-linux-gnu/lib*.so*",
};

/* Links that scripts of packages make, which are not run: one wants the server that is packed. */
static const struct {
    const char *path;
    const char *target; /* From the root. */
} script_links[] = {
    { "etc/nginx/sites-enabled/default", "etc/nginx/sites-available/default" },
};

static bool is_file_word(const char *word)
{
    size_t len = strlen(word);

    return strchr(word, '/') || (len > 4 && strcmp(word + len - 4, ".deb") == 0);
}

/* The package in a file, or NULL with `err` set. */
static const struct deb *file_add(struct work *work, const char *path, struct err *err)
{
    struct deb *deb;

    work->debs = xrealloc(work->debs, work->deb_count + 1, sizeof(*work->debs));
    deb = &work->debs[work->deb_count++];
    return deb_open(deb, path, err) < 0 ? NULL : deb;
}

/* A package that was given as a file. Sets `*full` to its path. -1, or whether it needs others. */
static int given_add(struct work *work, const char *word, char **full, struct err *err)
{
    const struct deb *deb;

    *full = realpath(word, NULL);
    if (!*full)
        return err_set_errno(err, "cannot read '%s'", word);
    deb = file_add(work, *full, err);
    if (!deb)
        return -1;
    return deb->depends ? 1 : 0;
}

static int dir_make(char **path, const char *name, struct err *err)
{
    *path = state_tmp(name, err);
    if (!*path)
        return -1;
    return mkdir(*path, 0700) < 0 ? err_set_errno(err, "cannot make '%s'", *path) : 0;
}

static int names_order(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Opens what was downloaded; the package called `name`, unless NULL, becomes the first. */
static int downloads_open(struct work *work, const char *name, struct err *err)
{
    struct dirent **entries = NULL;
    int count = scandir(work->downloads, &entries, not_hidden, names_order);
    int status = count < 0 ? err_set_errno(err, "cannot read '%s'", work->downloads) : 0;

    for (int i = 0; i < count; i++) {
        char *path = xasprintf("%s/%s", work->downloads, entries[i]->d_name);

        if (status == 0 && !file_add(work, path, err))
            status = -1;
        free(path);
        free(entries[i]);
    }
    free(entries);
    for (size_t i = 1; name && i < work->deb_count && status == 0; i++) {
        if (strcmp(work->debs[0].name, name) != 0 && strcmp(work->debs[i].name, name) == 0) {
            struct deb first = work->debs[0];

            work->debs[0] = work->debs[i];
            work->debs[i] = first;
        }
    }
    return status;
}

/* Files that were given, then what apt has to bring. */
static int packages_get(struct work *work, struct err *err)
{
    const struct strings *words = &work->wish->words;
    const char *first = is_file_word(words->items[0]) ? NULL : words->items[0];
    struct strings asked = { 0 };
    struct strings wanted = { 0 };
    bool ask = false;
    int status = 0;

    for (size_t i = 0; i < words->count && status == 0; i++) {
        if (is_file_word(words->items[i])) {
            char *full;
            int needs = given_add(work, words->items[i], &full, err);

            status = needs < 0 ? -1 : 0;
            ask |= needs > 0;
            if (full)
                strings_take(&asked, full);
        } else {
            ask = true;
            strings_add(&asked, words->items[i]);
        }
    }
    if (status == 0 && ask) {
        status = apt_closure(&wanted, &asked, err);
        if (status == 0 && wanted.count > 0) {
            ui_note("downloading %zu packages", wanted.count);
            status = apt_download(&wanted, work->downloads, err);
        }
        if (status == 0)
            status = downloads_open(work, first, err);
    }
    strings_fini(&wanted);
    strings_fini(&asked);
    return status;
}

/* Debian has one tree of programs and libraries, and its packages do not all know yet. */
static int links_make(const char *staging, struct err *err)
{
    static const char *const names[] = { "bin", "sbin", "lib", "lib64" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *dir = xasprintf("%s/usr/%s", staging, names[i]);
        char *link = xasprintf("%s/%s", staging, names[i]);
        char *target = xasprintf("usr/%s", names[i]);
        int status = dir_create(dir, err);

        if (status == 0 && symlink(target, link) < 0)
            status = err_set_errno(err, "cannot make '%s'", link);
        free(target);
        free(link);
        free(dir);
        if (status < 0)
            return -1;
    }
    return 0;
}

static void script_links_make(const struct unpack *unpack, struct deb *deb)
{
    for (size_t i = 0; i < sizeof(script_links) / sizeof(script_links[0]); i++) {
        char *target = xasprintf("/%s", script_links[i].target);
        struct spot spot = { .dir_fd = -1 };

        /* A directory on the way may be a link that leads out: then there is no spot. */
        if (strings_has(&deb->paths, script_links[i].target) &&
            !spot_open(&spot, unpack->dir_fd, script_links[i].path, false) &&
            symlinkat(target, spot.dir_fd, spot.name) == 0)
            strings_add(&deb->paths, script_links[i].path);
        spot_close(&spot);
        free(target);
    }
}

static int packages_unpack(struct work *work, struct err *err)
{
    struct unpack unpack;
    int status = unpack_init(&unpack, work->staging, err);

    for (size_t i = 0; i < work->deb_count && status == 0; i++) {
        status = deb_unpack(&work->debs[i], &unpack, err);
        script_links_make(&unpack, &work->debs[i]);
    }
    unpack_fini(&unpack);
    return status;
}

/* Whether it is a program: a file one may execute, and no script. */
static bool is_program(const struct work *work, const char *path)
{
    char *source = sysroot_resolve(work->staging, path);
    struct stat st;
    bool is = stat(source, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;

    free(source);
    return is;
}

static void programs_list(const struct work *work, const struct deb *deb, struct strings *found)
{
    static const char *const dirs[] = { "usr/bin/*", "usr/sbin/*", "bin/*", "sbin/*",
                                        "usr/games/*" };

    for (size_t n = 0; n < deb->paths.count; n++) {
        for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
            char *full = xasprintf("/%s", deb->paths.items[n]);

            if (fnmatch(dirs[i], deb->paths.items[n], FNM_PATHNAME) == 0 && is_program(work, full))
                strings_add(found, full);
            free(full);
        }
    }
}

static int program_unclear(const struct work *work, const struct strings *found, struct err *err)
{
    char *text = xstrdup("");

    for (size_t i = 0; i < found->count && i < NAMES_SHOWN_MAX; i++) {
        char *longer = xasprintf("%s%s%s", text, i > 0 ? ", " : "", found->items[i]);

        free(text);
        text = longer;
    }
    if (found->count > 0) {
        err_set(err, "'%s' has several programs: %.300s\nhint: say which with --program PATH",
                work->debs[0].name, text);
    } else {
        err_set(err, "'%s' has no program\nhint: name one of what it depends on: --program PATH",
                work->debs[0].name);
    }
    free(text);
    return -1;
}

/* The program of that name where programs are; to be freed, or NULL. */
static char *program_named(const struct work *work, const char *name, size_t len)
{
    static const char *const dirs[] = { "/usr/sbin", "/usr/bin", "/usr/games" };

    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        char *path = xasprintf("%s/%.*s", dirs[i], (int)len, name);

        if (is_program(work, path))
            return path;
        free(path);
    }
    return NULL;
}

/* nginx-light has nginx: the longest beginning of a package's name that is a program's. */
static char *program_of_package(const struct work *work)
{
    const char *name = work->debs[0].name;
    size_t len = strlen(name);
    char *path = program_named(work, name, len);

    while (!path && len > 0) {
        if (name[--len] == '-')
            path = program_named(work, name, len);
    }
    return path;
}

/* The program called as its package, or the only one; to be freed. NULL with `err` set. */
static char *program_choose(const struct work *work, struct err *err)
{
    const char *name = work->wish->program;
    struct strings found = { 0 };
    char *path;

    if (name && name[0] == '/')
        return xstrdup(name);
    path = name ? program_named(work, name, strlen(name)) : program_of_package(work);
    if (!path && name) {
        err_set(err, "program '%s' is in none of the packages", name);
    } else if (!path) {
        for (size_t i = 0; i < work->deb_count; i++) {
            if (strcmp(work->debs[i].source, work->debs[0].source) == 0)
                programs_list(work, &work->debs[i], &found);
        }
        if (found.count == 1) {
            path = xstrdup(found.items[0]);
        } else {
            (void)program_unclear(work, &found, err);
        }
    }
    strings_fini(&found);
    return path;
}

static bool is_unwanted(const char *path)
{
    for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
        if (fnmatch(unwanted[i], path, 0) == 0)
            return true;
    }
    return false;
}

/* Data and configuration of packages that were built of the same source. */
static void files_choose(const struct work *work, struct settings *settings)
{
    for (size_t i = 0; i < work->deb_count; i++) {
        const struct deb *deb = &work->debs[i];

        for (size_t n = 0; n < deb->paths.count; n++) {
            char *path = xasprintf("/%s", deb->paths.items[n]);
            char *source = sysroot_resolve(work->staging, path);

            if (strcmp(deb->source, work->debs[0].source) == 0 &&
                !is_unwanted(deb->paths.items[n]) && access(source, R_OK) == 0)
                strings_add(&settings->files, path);
            free(source);
            free(path);
        }
    }
}

static int program_pack(struct work *work, struct draft *draft, struct draft_info *info,
                        struct strings *warnings, struct err *err)
{
    struct settings settings;
    int status = 0;

    settings_init(&settings);
    settings.program = program_choose(work, err);
    if (!settings.program)
        status = -1;
    settings_set(&settings.target_root, work->staging);
    strings_add_all(&settings.args, &work->wish->args);
    strings_add_all(&settings.envs, &work->wish->envs);
    strings_add_all(&settings.files, &work->wish->files);
    if (status == 0) {
        files_choose(work, &settings);
        status = from_settings(draft, info, &settings, warnings, err);
    }
    settings_fini(&settings);
    return status;
}

static void info_fill(struct draft_info *info, const struct deb *deb)
{
    if (!info->name)
        info->name = xstrdup(deb->name);
    if (!info->version)
        info->version = xstrdup(deb->version);
    if (!info->description && deb->description)
        info->description = entry_name_show(deb->description);
}

int from_deb(struct draft *draft, struct draft_info *info, const struct from_deb_wish *wish,
             struct strings *warnings, struct err *err)
{
    struct work work = { .wish = wish };
    struct err ignored;
    int status = dir_make(&work.downloads, "downloads", err);

    if (status == 0)
        status = dir_make(&work.staging, "staging", err);
    if (status == 0)
        status = packages_get(&work, err);
    if (status == 0 && !work.debs) {
        (void)err_set(err, "apt names no package for it");
        status = -1;
    }
    if (status == 0)
        status = links_make(work.staging, err);
    if (status == 0)
        status = packages_unpack(&work, err);
    if (status == 0) {
        info_fill(info, &work.debs[0]);
        status = program_pack(&work, draft, info, warnings, err);
    }
    for (size_t i = 0; i < work.deb_count; i++)
        deb_fini(&work.debs[i]);
    free(work.debs);
    if (work.staging)
        (void)state_remove(work.staging, &ignored);
    if (work.downloads)
        (void)state_remove(work.downloads, &ignored);
    free(work.staging);
    free(work.downloads);
    return status;
}
