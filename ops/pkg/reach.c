/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/reach.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/config/settings.h"
#include "ops/image/sysroot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static int paths_check(const struct strings *paths, size_t step, const char *key,
                       const char *sysroot, struct err *err)
{
    for (size_t i = 0; i < paths->count; i += step) {
        char *source = sysroot_resolve(sysroot, paths->items[i]);
        bool is_there = access(source, F_OK) == 0;

        free(source);
        if (!is_there) {
            return err_set(err, "its \"%s\" names '%s', which is not in the package", key,
                           paths->items[i]);
        }
    }
    return 0;
}

static int keys_check(const struct settings *settings, struct err *err)
{
    const struct {
        const char *key;
        bool is_said;
    } keys[] = {
        { "AtExit", settings->at_exit != NULL },
        { "Secrets", settings->secrets.count > 0 },
        { "LocalFilesParentDirectory", settings->files_parent != NULL },
        { "TargetRoot", settings->target_root != NULL },
        { "BuildDir", settings->build_dir != NULL },
        { "Kernel", settings->kernel != NULL },
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i].is_said) {
            return err_set(err,
                           "it may not say \"%s\", which concerns this machine\n"
                           "hint: a configuration of your own may: -c FILE",
                           keys[i].key);
        }
    }
    return 0;
}

static int mounts_check(const struct settings *settings, struct err *err)
{
    for (size_t i = 0; i < settings->mounts.count; i++) {
        const char *mount = settings->mounts.items[i];

        if (*mount == '/' || *mount == '.') {
            return err_set(err,
                           "it may not mount '%s', a folder of this machine\n"
                           "hint: you may: --mounts %s",
                           mount, mount);
        }
    }
    return 0;
}

int reach_check(const struct settings *settings, const char *sysroot, struct err *err)
{
    if (keys_check(settings, err) < 0 || mounts_check(settings, err) < 0 ||
        paths_check(&settings->files, 1, "Files", sysroot, err) < 0 ||
        paths_check(&settings->dirs, 1, "Dirs", sysroot, err) < 0)
        return -1;
    return paths_check(&settings->maps, 2, "MapDirs", sysroot, err);
}
