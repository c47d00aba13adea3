/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/gdb.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "lib/elf/elf.h"
#include "ops/vm/qemu.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where `noaslr` puts them: the first slot of the kernel's image, Linux's ELF_ET_DYN_BASE. */
#define KERNEL_BASE  0xfffff00000000000ull
#define PROGRAM_BASE 0x555555554000ull

enum {
    ET_DYN = 3, /* A program that can lie anywhere. */
};

static int base_find(uint64_t *base, const char *program, struct err *err)
{
    struct elf_header header;
    struct file_map map;
    enum elf_error error;

    if (file_map_open(&map, program, err) < 0)
        return err_prefix(err, "cannot read '%s'", program);
    error = elf_header_parse(&header, map.bytes, map.size, map.size);
    file_map_close(&map);
    if (error != ELF_OK)
        return err_set(err, "'%s' %s", program, elf_error_text(error));
    *base = header.type == ET_DYN ? PROGRAM_BASE : 0;
    return 0;
}

/* The kernel's symbols, to be freed; NULL: they are not here. */
static char *debug_find(const char *kernel)
{
    size_t len = strlen(kernel);
    char *path;

    if (len > 4 && strcmp(kernel + len - 4, ".elf") == 0)
        len -= 4;
    path = xasprintf("%.*s.debug", (int)len, kernel);
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* Adds ` -ex 'COMMAND'`. */
static char *command_add(char *line, char *command)
{
    char *quoted = qemu_quote(command);
    char *longer = xasprintf("%s -ex %s", line, quoted);

    free(quoted);
    free(command);
    free(line);
    return longer;
}

char *gdb_line(const char *program, const char *kernel, uint16_t port, struct err *err)
{
    char *line = xstrdup("gdb");
    char *debug = debug_find(kernel);
    uint64_t base = 0;

    if (program && base_find(&base, program, err) < 0) {
        free(debug);
        free(line);
        return NULL;
    }
    if (program) {
        line = command_add(
            line, xasprintf("symbol-file %s -o 0x%llx", program, (unsigned long long)base));
    }
    if (debug) {
        line = command_add(line, xasprintf("add-symbol-file %s -o 0x%llx", debug,
                                           (unsigned long long)KERNEL_BASE));
    }
    line = command_add(line, xasprintf("target remote 127.0.0.1:%u", port));
    free(debug);
    return line;
}
