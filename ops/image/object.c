/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/object.h"

#include "abi/elf/elf.h"
#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "lib/base/types.h"
#include "lib/elf/dynamic.h"
#include "lib/elf/elf.h"
#include "ops/image/facts.h"
#include "ops/image/hints.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void colon_list_add(struct strings *list, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ":");

        if (len > 0)
            strings_take(list, xstrndup(text, len));
        text += len;
        text += *text == ':';
    }
}

void object_fini(struct deps_object *object)
{
    free(object->path);
    free(object->source);
    free(object->name);
    free(object->soname);
    free(object->interp);
    strings_fini(&object->needed);
    strings_fini(&object->rpath);
    strings_fini(&object->runpath);
}

/* Keeps what is wanted of a file's dynamic section. */
static void object_read(struct deps_object *object, const struct elf_dynamic *dynamic)
{
    const char *text;
    u64 cursor = 0;

    while ((text = elf_dynamic_next(dynamic, DT_NEEDED, &cursor)) != NULL)
        strings_add(&object->needed, text);
    cursor = 0;
    text = elf_dynamic_next(dynamic, DT_RPATH, &cursor);
    if (text)
        colon_list_add(&object->rpath, text);
    cursor = 0;
    text = elf_dynamic_next(dynamic, DT_RUNPATH, &cursor);
    if (text)
        colon_list_add(&object->runpath, text);
    cursor = 0;
    text = elf_dynamic_next(dynamic, DT_SONAME, &cursor);
    if (text)
        object->soname = xstrdup(text);
}

/* Checks a mapped file; `as_program` is stricter. Fills in what `object` needs. */
static int object_parse(struct deps_object *object, const struct file_map *map, bool as_program,
                        struct err *err)
{
    struct elf_header header;
    struct elf_image image = { 0 };
    struct elf_dynamic dynamic = { 0 };
    const char *interp;
    enum elf_error error = elf_header_parse(&header, map->bytes, map->size, map->size);

    if (error == ELF_WRONG_MACHINE) {
        return err_set(err, "is built for %s, and the machine is x86-64",
                       elf_machine_name(header.machine));
    }
    if (error == ELF_OK)
        error = elf_image_parse(&image, &header, map->bytes + header.phdrs_off, map->size);
    if (error == ELF_BAD_ENTRY && !as_program)
        error = ELF_OK;
    if (error == ELF_OK)
        error = elf_dynamic_parse(&dynamic, &header, map->bytes, map->size);
    if (error != ELF_OK)
        return err_set(err, "%s", elf_error_text(error));

    object_read(object, &dynamic);
    object->hints = hints_of_imports(&dynamic);
    if (as_program)
        object->hints |= hints_of_strings(&header, map, &dynamic);
    interp = elf_interp_find(&header, map->bytes, map->size);
    if (image.interp_len > 0 && !interp)
        return err_set(err, "%s", elf_error_text(ELF_BAD_INTERP));
    if (interp)
        object->interp = xstrdup(interp);
    return 0;
}

/* One letter in front of each text says what it is. */
static void texts_add(FILE *out, char letter, const char *text)
{
    if (text)
        fprintf(out, "%c%s%c", letter, text, '\0');
}

static void texts_add_all(FILE *out, char letter, const struct strings *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        texts_add(out, letter, texts->items[i]);
}

/* Keeps what an object needs as texts. */
static void object_keep(const struct deps_object *object, struct facts *facts, enum facts_kind kind)
{
    char *texts = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&texts, &size);

    if (!out)
        return;
    texts_add_all(out, 'n', &object->needed);
    texts_add_all(out, 'r', &object->rpath);
    texts_add_all(out, 'R', &object->runpath);
    texts_add(out, 's', object->soname);
    texts_add(out, 'i', object->interp);
    fprintf(out, "h%" PRIx32 "%c", object->hints, '\0');
    if (fclose(out) == 0)
        facts_add(facts, kind, &object->stamp, texts, size);
    free(texts);
}

static void text_take(struct deps_object *object, const char *text)
{
    switch (text[0]) {
    case 'n':
        strings_add(&object->needed, text + 1);
        return;
    case 'r':
        strings_add(&object->rpath, text + 1);
        return;
    case 'R':
        strings_add(&object->runpath, text + 1);
        return;
    case 's':
        object->soname = xstrdup(text + 1);
        return;
    case 'i':
        object->interp = xstrdup(text + 1);
        return;
    default:
        object->hints = (uint32_t)strtoul(text + 1, NULL, 16);
        return;
    }
}

/* Takes what an object needs from the texts that object_keep() made, if it did. */
static bool object_recall(struct deps_object *object, const struct facts *facts,
                          enum facts_kind kind)
{
    size_t size = 0;
    const char *texts = facts_find(facts, kind, &object->stamp, &size);

    for (size_t off = 0; texts && off < size; off += strlen(texts + off) + 1)
        text_take(object, texts + off);
    return texts != NULL;
}

static int object_map(struct deps_object *object, bool as_program, struct err *err)
{
    struct file_map map;
    int status;

    if (file_map_open(&map, object->source, err) < 0) {
        struct err cause = *err;

        return err_set(err, "cannot be read: %s", cause.text);
    }
    if (as_program && map.size >= 2 && memcmp(map.bytes, "#!", 2) == 0) {
        status = err_set(err, "is a script, not an ELF program: give its interpreter instead");
    } else {
        status = object_parse(object, &map, as_program, err);
    }
    file_map_close(&map);
    return status;
}

int object_open(struct deps_object *object, struct facts *facts, bool as_program, struct err *err)
{
    enum facts_kind kind = as_program ? FACTS_PROGRAM : FACTS_LIBRARY;
    struct stat st;

    if (object->stamp.inode == 0 && stat(object->source, &st) == 0)
        tree_stamp_set(&object->stamp, &st);
    if (object_recall(object, facts, kind))
        return 0;
    if (object_map(object, as_program, err) < 0)
        return -1;
    if (tree_stamp_is(&object->stamp, object->source))
        object_keep(object, facts, kind);
    return 0;
}

bool object_is_library(const char *path, const struct tree_stamp *stamp, struct facts *facts)
{
    uint8_t head[20]; /* To the end of e_machine. */
    size_t size = 0;
    ssize_t got;
    bool is_library;
    int fd;

    if (facts_find(facts, FACTS_IS_LIBRARY, stamp, &size))
        return size > 0;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    got = pread(fd, head, sizeof(head), 0);
    close(fd);
    /* A damaged library is taken, so that the error names it and not its absence. */
    is_library = got == (ssize_t)sizeof(head) && memcmp(head, ELF_MAGIC, 4) == 0 &&
                 head[EI_CLASS] == ELFCLASS64 && head[18] == EM_X86_64 && head[19] == 0;
    if (got >= 0 && tree_stamp_is(stamp, path))
        facts_add(facts, FACTS_IS_LIBRARY, stamp, "yes", is_library ? sizeof("yes") : 0);
    return is_library;
}
