/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/kernel.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "lib/elf/elf.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* The folder ops itself lies in, to be freed. */
static char *own_dir(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (len <= 0)
        return xstrdup(".");
    path[len] = '\0';
    return path_dir(path);
}

static int kernel_check(const char *path, struct err *err)
{
    struct elf_header header;
    struct file_map map;
    enum elf_error error;

    if (file_map_open(&map, path, err) < 0)
        return err_prefix(err, "cannot read kernel '%s'", path);
    error = elf_header_parse(&header, map.bytes, map.size, map.size);
    file_map_close(&map);
    if (error != ELF_OK)
        return err_set(err, "kernel '%s' %s", path, elf_error_text(error));
    return 0;
}

int kernel_files_find(struct kernel_files *files, const char *kernel, struct err *err)
{
    char *dir = own_dir();

    files->kernel = kernel ? xstrdup(kernel) : xasprintf("%s/soliton.elf", dir);
    files->loader = xasprintf("%s/BOOTX64.EFI", dir);
    free(dir);
    if (access(files->loader, R_OK) < 0) {
        free(files->loader);
        files->loader = NULL;
    }
    if (!kernel && access(files->kernel, F_OK) < 0) {
        return err_set(err,
                       "there is no kernel at '%s'\nhint: `make kernel` builds it, "
                       "--kernel FILE names another one",
                       files->kernel);
    }
    return kernel_check(files->kernel, err);
}

void kernel_files_fini(struct kernel_files *files)
{
    free(files->kernel);
    free(files->loader);
}
