/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/kernel.h"

#include "host/err.h"
#include "host/file.h"
#include "host/sha256.h"
#include "host/xmem.h"
#include "lib/elf/elf.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    KERNEL_ID_BYTES = 6,
};

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

/* The folder with the kernel, to be freed: ops' own if it is there, as in a build. */
static char *kernel_dir(void)
{
    char *own = own_dir();
    char *kernel = xasprintf("%s/soliton.elf", own);
    char *installed = xasprintf("%s/../lib/soliton/soliton.elf", own);
    bool is_installed = access(kernel, F_OK) < 0 && access(installed, F_OK) == 0;

    free(kernel);
    free(installed);
    if (is_installed) {
        installed = xasprintf("%s/../lib/soliton", own);
        free(own);
        own = path_normalize("/", installed);
        free(installed);
    }
    return own;
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
    char *dir = kernel_dir();

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

char *kernel_id(const char *path)
{
    uint8_t digest[SHA256_SIZE];
    char text[2 * KERNEL_ID_BYTES + 1];
    struct file_map map;
    struct sha256 sha;
    struct err err;

    if (file_map_open(&map, path, &err) < 0)
        return NULL;
    sha256_init(&sha);
    sha256_add(&sha, map.bytes, map.size);
    sha256_finish(&sha, digest);
    file_map_close(&map);
    for (size_t i = 0; i < KERNEL_ID_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return xstrdup(text);
}
