/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Packages: programs with all that belongs to them, kept below $OPS_HOME. A package is a folder
 *
 *     packages/NAME_VERSION/package.json   keys as in config.json: Program, Args, Env, Cwd, ...
 *     packages/NAME_VERSION/sysroot/...    what its image holds, beside what ops adds to each
 *
 * and is called NAME, NAME:VERSION or by the name of its folder; NAME alone means the newest.
 * VERSION in the folder's name has `-` for letters that no name has. What concerns this machine
 * (see reach.h) is not for package.json to say.
 */

#include "host/strings.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"

enum {
    PACKAGE_JSON_MAX = 4 << 20,
};

struct package {
    char *folder; /* The last part of its path. */
    char *path;
    char *name;
    char *version;            /* "" when it has none. */
    struct settings settings; /* What package.json says. */
};

/* Finds the package that `word` calls. Returns 0, or -1 with `err` set. */
int package_find(struct package *package, const char *word, struct err *err);

/* Reads the package in a folder of packages/. package_fini() in any case. */
int package_open(struct package *package, const char *folder, struct err *err);
void package_fini(struct package *package);

/* The folders of all packages, sorted. */
int package_list(struct strings *folders, struct err *err);

/*
 * Lays what the package called `word` says over `settings`: its program, arguments, environment and
 * all that package.json may say, with the sysroot as target root, which comes into the image whole.
 * To be called before a configuration is read. Returns 0, or -1 with `err` set.
 */
int pkg_settings(struct settings *settings, const char *word, struct err *err);

/* The name of the folder for a package, to be freed. NULL with `err` set: it is no name. */
char *package_folder(const char *name, const char *version, struct err *err);
