/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/oci.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/pkg/blob.h"
#include "ops/pkg/entry_name.h"
#include "ops/pkg/unpack.h"
#include "ops/state/state.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    INDEX_DEPTH_MAX = 4, /* Indexes in indexes. */
    NAMES_SHOWN_MAX = 8,
};

#define ARCHITECTURE "amd64"

static bool is_there(const char *dir, const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);
    struct stat st;
    bool is = stat(path, &st) == 0;

    free(path);
    return is;
}

/* Unpacks an archive into tmp, or takes a directory as it is. */
static int layout_open(struct oci_image *image, const char *path, struct err *err)
{
    struct unpack unpack;
    struct stat st;
    int status;

    if (stat(path, &st) < 0)
        return err_set_errno(err, "cannot read '%s'", path);
    if (S_ISDIR(st.st_mode)) {
        image->dir = xstrdup(path);
        return 0;
    }
    image->unpacked = state_tmp("oci", err);
    if (!image->unpacked)
        return -1;
    if (mkdir(image->unpacked, 0700) < 0)
        return err_set_errno(err, "cannot make '%s'", image->unpacked);
    image->dir = xstrdup(image->unpacked);
    status = unpack_init(&unpack, image->dir, err);
    if (status == 0)
        status = unpack_archive(&unpack, path, path, 0, err);
    unpack_fini(&unpack);
    return status;
}

static bool is_index(const struct oci_descriptor *descriptor)
{
    return descriptor->media_type && (strstr(descriptor->media_type, "image.index") ||
                                      strstr(descriptor->media_type, "manifest.list"));
}

/* What is said must fit; what is not said may. */
static bool may_fit(const struct oci_descriptor *descriptor)
{
    return (!descriptor->architecture || strcmp(descriptor->architecture, ARCHITECTURE) == 0) &&
           (!descriptor->os || strcmp(descriptor->os, "linux") == 0);
}

static bool is_called(const char *name, const char *ref)
{
    const char *colon = name ? strrchr(name, ':') : NULL;

    return name && (strcmp(name, ref) == 0 || (colon && strcmp(colon + 1, ref) == 0));
}

/* The names there are, for a message; to be freed. */
static char *names_join(const struct strings *names)
{
    char *text = xstrdup("");

    for (size_t i = 0; i < names->count && i < NAMES_SHOWN_MAX; i++) {
        char *shown = entry_name_show(names->items[i]);
        char *longer = xasprintf("%s%s%s", text, i > 0 ? ", " : "", shown);

        free(shown);
        free(text);
        text = longer;
    }
    return text;
}

static int choice_fail(const struct strings *names, const char *ref, struct err *err)
{
    char *text = names_join(names);

    if (ref) {
        err_set(err, "there is no image '%s' for linux/" ARCHITECTURE " in it; there are: %s", ref,
                text);
    } else if (names->count == 0) {
        err_set(err, "there is no image for linux/" ARCHITECTURE " in it");
    } else {
        err_set(err, "several images are in it: %s\nhint: say which with --ref NAME", text);
    }
    free(text);
    return -1;
}

/* The one entry of an index that is meant, or NULL with `err` set. */
static const struct oci_descriptor *index_choose(const struct oci_descriptors *list,
                                                 const char *ref, struct err *err)
{
    const struct oci_descriptor *found = NULL;
    struct strings names = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct oci_descriptor *entry = &list->items[i];

        if (!may_fit(entry))
            continue;
        strings_addf(&names, "%s", entry->ref ? entry->ref : "(no name)");
        if (ref && entry->ref && !is_called(entry->ref, ref))
            continue;
        found = entry;
        count++;
    }
    if (count != 1) {
        (void)choice_fail(&names, ref, err);
        found = NULL;
    }
    strings_fini(&names);
    return found;
}

static int manifest_open(struct oci_image *image, const struct oci_descriptor *descriptor,
                         struct err *err);
static int index_open(struct oci_image *image, const char *text, size_t size, const char *ref,
                      int depth, struct err *err);

/* What an index names: a manifest, or another index. Recursion is bounded by INDEX_DEPTH_MAX. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int named_open(struct oci_image *image, const struct oci_descriptor *found, int depth,
                      struct err *err)
{
    size_t size;
    char *text;
    int status;

    if (found->ref && !image->ref)
        image->ref = xstrdup(found->ref);
    if (!is_index(found))
        return manifest_open(image, found, err);
    if (depth == INDEX_DEPTH_MAX)
        return err_set(err, "too many indexes in indexes");
    text = blob_read(image->dir, found, &size, err);
    status = text ? index_open(image, text, size, NULL, depth + 1, err) : -1;
    free(text);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int index_open(struct oci_image *image, const char *text, size_t size, const char *ref,
                      int depth, struct err *err)
{
    const struct oci_descriptor *found = NULL;
    struct oci_descriptors list;
    int status = oci_index_parse(&list, text, size, err);

    if (status < 0) {
        (void)err_prefix(err, "index");
    } else {
        found = index_choose(&list, ref, err);
    }
    status = found ? named_open(image, found, depth, err) : -1;
    oci_descriptors_fini(&list);
    return status;
}

static int layer_add(struct oci_image *image, const struct oci_descriptor *layer, struct err *err)
{
    const char *type = layer->media_type ? layer->media_type : "";
    char *path;

    if (strstr(type, "foreign") || strstr(type, "nondistributable"))
        return err_set(err, "a layer is kept elsewhere, not in the image");
    if (strstr(type, "encrypted"))
        return err_set(err, "a layer is encrypted");
    path = blob_path(image->dir, layer, err);
    if (!path)
        return -1;
    strings_take(&image->layers, path);
    return 0;
}

/* Its own word on what it is for counts. */
static int config_check(const struct oci_config *config, struct err *err)
{
    const char *architecture = config->architecture ? config->architecture : "";
    const char *os = config->os ? config->os : "";
    char *shown = entry_name_show(*os && strcmp(os, "linux") != 0 ? os : architecture);
    int status = 0;

    if (*os && strcmp(os, "linux") != 0) {
        status = err_set(err, "the image is for %.20s, not for Linux", shown);
    } else if (*architecture && strcmp(architecture, ARCHITECTURE) != 0) {
        status = err_set(err, "the image is for %.20s, and the machine is x86-64", shown);
    }
    free(shown);
    return status;
}

static int config_read_text(struct oci_image *image, const char *text, size_t size, struct err *err)
{
    oci_config_fini(&image->config);
    if (oci_config_parse(&image->config, text, size, err) < 0)
        return err_prefix(err, "configuration of the image");
    return config_check(&image->config, err);
}

static int manifest_open(struct oci_image *image, const struct oci_descriptor *descriptor,
                         struct err *err)
{
    struct oci_manifest manifest = { 0 };
    size_t size;
    char *text = blob_read(image->dir, descriptor, &size, err);
    char *config = NULL;
    int status = text ? 0 : -1;

    if (text && oci_manifest_parse(&manifest, text, size, err) < 0)
        status = err_prefix(err, "manifest");
    if (status == 0)
        config = blob_read(image->dir, &manifest.config.items[0], &size, err);
    if (status == 0)
        status = config ? config_read_text(image, config, size, err) : -1;
    for (size_t i = 0; i < manifest.layers.count && status == 0; i++)
        status = layer_add(image, &manifest.layers.items[i], err);
    oci_manifest_fini(&manifest);
    free(config);
    free(text);
    return status;
}

/* A path of manifest.json, within the layout; to be freed. NULL with `err` set. */
static char *docker_path(const struct oci_image *image, const char *name, struct err *err)
{
    char *clean;
    const char *wrong = entry_name_check(name, &clean);
    char *path = xasprintf("%s/%s", image->dir, clean);
    char *real = wrong ? NULL : realpath(path, NULL);
    char *top = realpath(image->dir, NULL);
    size_t len = top ? strlen(top) : 0;
    char *shown = entry_name_show(name);

    if (wrong) {
        err_set(err, "'%s' %s", shown, wrong);
    } else if (!real) {
        err_set_errno(err, "cannot read '%s'", shown);
    } else if (!top || strncmp(real, top, len) != 0 || real[len] != '/') {
        err_set(err, "'%s' leads out of the archive", shown);
        free(real);
        real = NULL;
    }
    free(shown);
    free(top);
    free(path);
    free(clean);
    return real;
}

static int docker_layers_add(struct oci_image *image, const struct docker_image *from,
                             struct err *err)
{
    if (image->config.diff_ids.count != from->layers.count) {
        return err_set(err, "its configuration tells of %zu layers, and there are %zu",
                       image->config.diff_ids.count, from->layers.count);
    }
    for (size_t i = 0; i < from->layers.count; i++) {
        char *path = docker_path(image, from->layers.items[i], err);

        if (!path)
            return -1;
        strings_take(&image->layers, path);
        if (blob_check_content(path, image->config.diff_ids.items[i], err) < 0)
            return err_prefix(err, "layer %zu", i + 1);
    }
    return 0;
}

static int docker_image_open(struct oci_image *image, const struct docker_image *from,
                             struct err *err)
{
    char *path = docker_path(image, from->config, err);
    size_t size;
    char *text = path ? json_file_read(path, &size, err) : NULL;
    int status = text ? config_read_text(image, text, size, err) : -1;

    if (status == 0)
        status = docker_layers_add(image, from, err);
    if (status == 0 && from->tags.count > 0)
        image->ref = xstrdup(from->tags.items[0]);
    free(text);
    free(path);
    return status;
}

static int docker_choose(const struct docker_image **found, const struct docker_images *images,
                         const char *ref, struct err *err)
{
    struct strings names = { 0 };
    size_t count = 0;
    int status = 0;

    for (size_t i = 0; i < images->count; i++) {
        const struct docker_image *image = &images->items[i];
        bool is_meant = !ref;

        for (size_t n = 0; n < image->tags.count; n++)
            is_meant |= ref && is_called(image->tags.items[n], ref);
        strings_add(&names, image->tags.count > 0 ? image->tags.items[0] : "(no name)");
        if (is_meant) {
            *found = image;
            count++;
        }
    }
    if (count != 1)
        status = choice_fail(&names, ref, err);
    strings_fini(&names);
    return status;
}

static int docker_open(struct oci_image *image, const char *ref, struct err *err)
{
    char *path = xasprintf("%s/manifest.json", image->dir);
    const struct docker_image *found = NULL;
    struct docker_images images = { 0 };
    size_t size;
    char *text = json_file_read(path, &size, err);
    int status = text ? docker_manifest_parse(&images, text, size, err) : -1;

    if (status < 0) {
        (void)err_prefix(err, "manifest.json");
    } else {
        status = docker_choose(&found, &images, ref, err);
    }
    if (status == 0)
        status = docker_image_open(image, found, err);
    docker_images_fini(&images);
    free(text);
    free(path);
    return status;
}

static int layout_read(struct oci_image *image, const char *ref, struct err *err)
{
    char *path = xasprintf("%s/index.json", image->dir);
    size_t size;
    char *text = NULL;
    int status;

    if (is_there(image->dir, "index.json") && is_there(image->dir, "blobs")) {
        text = json_file_read(path, &size, err);
        status = text ? index_open(image, text, size, ref, 0, err) : err_prefix(err, "index.json");
    } else if (is_there(image->dir, "manifest.json")) {
        status = docker_open(image, ref, err);
    } else {
        status = err_set(err, "neither an OCI image layout (index.json, blobs/) nor an archive of "
                              "'docker save' (manifest.json)\n"
                              "hint: `docker save -o image.tar NAME` makes one");
    }
    free(text);
    free(path);
    return status;
}

int oci_image_open(struct oci_image *image, const char *path, const char *ref, struct err *err)
{
    *image = (struct oci_image){ 0 };
    if (layout_open(image, path, err) < 0)
        return -1;
    return layout_read(image, ref, err);
}

void oci_image_fini(struct oci_image *image)
{
    struct err ignored;

    if (image->unpacked)
        (void)state_remove(image->unpacked, &ignored);
    free(image->unpacked);
    free(image->dir);
    free(image->ref);
    strings_fini(&image->layers);
    oci_config_fini(&image->config);
}

int oci_image_unpack(const struct oci_image *image, const char *sysroot, struct err *err)
{
    struct unpack unpack;
    int status = unpack_init(&unpack, sysroot, err);

    for (size_t i = 0; i < image->layers.count && status == 0; i++) {
        char *name = xasprintf("layer %zu", i + 1);

        status = unpack_archive(&unpack, image->layers.items[i], name, UNPACK_LAYER, err);
        free(name);
    }
    unpack_fini(&unpack);
    return status;
}
