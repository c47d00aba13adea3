/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store/build.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/ui.h"
#include "ops/config/settings.h"
#include "ops/image/image.h"
#include "ops/image/kernel.h"
#include "ops/image/root.h"
#include "ops/image/tree.h"

#include <stddef.h>

static void notes_print(const struct root *root, const struct image_size *size)
{
    for (size_t i = 0; i < root->notes.count; i++)
        ui_note("note: %s", root->notes.items[i]);
    for (size_t i = 0; i < root->reasons.count && ui.is_verbose; i++)
        ui_note("%s", root->reasons.items[i]);
    ui_warnings(&root->warnings);
    if (ui.is_verbose) {
        ui_note("%zu files and directories, %llu KiB; a disk of %llu MiB", root->tree.count,
                (unsigned long long)size->content >> 10, (unsigned long long)size->disk >> 20);
    }
}

static int image_build(const char *path, const struct settings *settings,
                       const struct kernel_files *files, struct err *err)
{
    struct image_size size = { 0 };
    struct root root;
    int status = root_init(&root, settings, err);

    if (status == 0) {
        struct image_spec spec = {
            .kernel = files->kernel,
            .loader = files->loader,
            .tree = &root.tree,
            .root_size_min = settings->base_mib << 20,
        };

        status = image_write(path, &spec, &size, err);
    }
    if (status == 0)
        notes_print(&root, &size);
    root_fini(&root);
    return status;
}

int build_image(const char *path, const struct settings *settings, struct err *err)
{
    struct kernel_files files = { 0 };
    int status = kernel_files_find(&files, settings->kernel, err);

    if (status == 0)
        status = image_build(path, settings, &files, err);
    kernel_files_fini(&files);
    return status;
}
