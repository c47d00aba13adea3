/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/oci_json.h"

#include "host/err.h"
#include "host/xmem.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The text parsed, an object or a list as `wants_list` says. NULL with `err` set. */
static json_t *json_parse(const char *text, size_t size, bool wants_list, struct err *err)
{
    json_error_t error;
    json_t *top;

    if (size > OCI_JSON_MAX) {
        err_set(err, "too large");
        return NULL;
    }
    top = json_loadb(text, size, 0, &error);
    if (!top) {
        for (char *at = error.text; *at; at++) {
            if (!isprint((unsigned char)*at))
                *at = '?';
        }
        err_set(err, "line %d: %.100s", error.line, error.text);
        return NULL;
    }
    if (wants_list ? !json_is_array(top) : !json_is_object(top)) {
        err_set(err, wants_list ? "not a list" : "not an object");
        json_decref(top);
        return NULL;
    }
    return top;
}

/* Sets `*text` to a copy if the member is there. A text with a NUL byte is none. */
static int text_get(char **text, const json_t *object, const char *key, struct err *err)
{
    const json_t *value = json_object_get(object, key);

    if (!value || json_is_null(value))
        return 0;
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return err_set(err, "\"%s\": not a string", key);
    free(*text);
    *text = xstrdup(json_string_value(value));
    return 0;
}

static int list_get(struct strings *list, const json_t *object, const char *key, struct err *err)
{
    const json_t *value = json_object_get(object, key);

    if (!value || json_is_null(value))
        return 0;
    if (!json_is_array(value))
        return err_set(err, "\"%s\": not a list", key);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);

        if (!json_is_string(item) || strlen(json_string_value(item)) != json_string_length(item))
            return err_set(err, "\"%s\": entry %zu is not a string", key, i + 1);
        strings_add(list, json_string_value(item));
    }
    return 0;
}

/* "sha256:0123...": any other hash is not known here. */
static int digest_parse(char hex[OCI_HEX_LEN + 1], const char *digest, struct err *err)
{
    static const char prefix[] = "sha256:";
    const char *digits = digest + strlen(prefix);

    if (strncmp(digest, prefix, strlen(prefix)) != 0)
        return err_set(err, "the digest is not of SHA-256");
    if (strlen(digits) != OCI_HEX_LEN || digits[strspn(digits, "0123456789abcdef")] != '\0')
        return err_set(err, "the digest is damaged");
    memcpy(hex, digits, OCI_HEX_LEN + 1);
    return 0;
}

static int platform_get(struct oci_descriptor *descriptor, const json_t *object, struct err *err)
{
    const json_t *platform = json_object_get(object, "platform");
    const json_t *notes = json_object_get(object, "annotations");

    if (platform && (text_get(&descriptor->architecture, platform, "architecture", err) < 0 ||
                     text_get(&descriptor->os, platform, "os", err) < 0))
        return -1;
    if (!notes)
        return 0;
    /* containerd's, and so Docker's, is the whole name; the standard one may be a tag alone. */
    if (text_get(&descriptor->ref, notes, "io.containerd.image.name", err) < 0)
        return -1;
    if (descriptor->ref)
        return 0;
    return text_get(&descriptor->ref, notes, "org.opencontainers.image.ref.name", err);
}

static int descriptor_parse(struct oci_descriptor *descriptor, const json_t *object,
                            struct err *err)
{
    const json_t *size = json_object_get(object, "size");
    char *digest = NULL;
    int status;

    if (!json_is_object(object))
        return err_set(err, "not an object");
    if (!json_is_integer(size) || json_integer_value(size) < 0)
        return err_set(err, "\"size\": not a number");
    descriptor->size = (uint64_t)json_integer_value(size);
    status = text_get(&digest, object, "digest", err);
    if (status == 0) {
        status = digest ? digest_parse(descriptor->hex, digest, err)
                        : err_set(err, "\"digest\" is missing");
    }
    if (status == 0)
        status = text_get(&descriptor->media_type, object, "mediaType", err);
    if (status == 0)
        status = platform_get(descriptor, object, err);
    free(digest);
    return status;
}

static int descriptor_add(struct oci_descriptors *list, const json_t *object, struct err *err)
{
    struct oci_descriptor *descriptor;

    list->items = xrealloc(list->items, list->count + 1, sizeof(*list->items));
    descriptor = &list->items[list->count++];
    *descriptor = (struct oci_descriptor){ .size = 0 };
    return descriptor_parse(descriptor, object, err);
}

static int descriptors_get(struct oci_descriptors *list, const json_t *object, const char *key,
                           size_t max, struct err *err)
{
    const json_t *array = json_object_get(object, key);

    if (!json_is_array(array))
        return err_set(err, "\"%s\": not a list", key);
    if (json_array_size(array) > max)
        return err_set(err, "\"%s\": more than %zu entries", key, max);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (descriptor_add(list, json_array_get(array, i), err) < 0)
            return err_prefix(err, "\"%s\": entry %zu", key, i + 1);
    }
    return 0;
}

void oci_descriptors_fini(struct oci_descriptors *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].media_type);
        free(list->items[i].architecture);
        free(list->items[i].os);
        free(list->items[i].ref);
    }
    free(list->items);
    *list = (struct oci_descriptors){ 0 };
}

int oci_index_parse(struct oci_descriptors *list, const char *text, size_t size, struct err *err)
{
    json_t *top = json_parse(text, size, false, err);
    int status;

    *list = (struct oci_descriptors){ 0 };
    if (!top)
        return -1;
    status = descriptors_get(list, top, "manifests", OCI_DESCRIPTORS_MAX, err);
    json_decref(top);
    return status;
}

int oci_manifest_parse(struct oci_manifest *manifest, const char *text, size_t size,
                       struct err *err)
{
    json_t *top = json_parse(text, size, false, err);
    int status;

    *manifest = (struct oci_manifest){ 0 };
    if (!top)
        return -1;
    status = descriptor_add(&manifest->config, json_object_get(top, "config"), err);
    if (status < 0) {
        (void)err_prefix(err, "\"config\"");
    } else {
        status = descriptors_get(&manifest->layers, top, "layers", OCI_LAYERS_MAX, err);
    }
    json_decref(top);
    return status;
}

void oci_manifest_fini(struct oci_manifest *manifest)
{
    oci_descriptors_fini(&manifest->config);
    oci_descriptors_fini(&manifest->layers);
}

/* "8080", "8080/tcp", "53/udp", "8000-8010/tcp". */
static int port_add(struct oci_config *config, const char *text, struct err *err)
{
    size_t len = strcspn(text, "/");
    bool is_udp = strcmp(text + len, "/udp") == 0;
    char *port;

    if (len == 0 || strspn(text, "0123456789-") != len ||
        (text[len] == '/' && !is_udp && strcmp(text + len, "/tcp") != 0))
        return err_set(err, "not a port and its protocol");
    port = xstrndup(text, len);
    strings_take(is_udp ? &config->udp_ports : &config->ports, port);
    return 0;
}

static int ports_get(struct oci_config *config, json_t *object, struct err *err)
{
    json_t *ports = json_object_get(object, "ExposedPorts");
    const char *name;
    const json_t *value;

    if (!ports || json_is_null(ports))
        return 0;
    if (!json_is_object(ports))
        return err_set(err, "\"ExposedPorts\": not an object");
    json_object_foreach(ports, name, value)
    {
        if (port_add(config, name, err) < 0)
            return err_prefix(err, "\"ExposedPorts\"");
    }
    return 0;
}

static int run_get(struct oci_config *config, json_t *object, struct err *err)
{
    const json_t *labels = json_object_get(object, "Labels");

    if (list_get(&config->entrypoint, object, "Entrypoint", err) < 0 ||
        list_get(&config->cmd, object, "Cmd", err) < 0 ||
        list_get(&config->envs, object, "Env", err) < 0 ||
        text_get(&config->cwd, object, "WorkingDir", err) < 0 ||
        text_get(&config->user, object, "User", err) < 0 || ports_get(config, object, err) < 0)
        return -1;
    if (!json_is_object(labels))
        return 0;
    if (text_get(&config->version, labels, "org.opencontainers.image.version", err) < 0)
        return -1;
    return text_get(&config->description, labels, "org.opencontainers.image.description", err);
}

static int diff_ids_get(struct oci_config *config, const json_t *top, struct err *err)
{
    struct strings digests = { 0 };
    int status = list_get(&digests, json_object_get(top, "rootfs"), "diff_ids", err);

    for (size_t i = 0; i < digests.count && status == 0; i++) {
        char hex[OCI_HEX_LEN + 1];

        status = digest_parse(hex, digests.items[i], err);
        if (status == 0)
            strings_add(&config->diff_ids, hex);
    }
    strings_fini(&digests);
    return status;
}

int oci_config_parse(struct oci_config *config, const char *text, size_t size, struct err *err)
{
    json_t *top = json_parse(text, size, false, err);
    json_t *run;
    int status;

    *config = (struct oci_config){ 0 };
    if (!top)
        return -1;
    run = json_object_get(top, "config");
    status = text_get(&config->architecture, top, "architecture", err);
    if (status == 0)
        status = text_get(&config->os, top, "os", err);
    if (status == 0 && run && !json_is_null(run)) {
        status = json_is_object(run) ? run_get(config, run, err)
                                     : err_set(err, "\"config\": not an object");
    }
    if (status == 0)
        status = diff_ids_get(config, top, err);
    json_decref(top);
    return status;
}

void oci_config_fini(struct oci_config *config)
{
    free(config->architecture);
    free(config->os);
    strings_fini(&config->entrypoint);
    strings_fini(&config->cmd);
    strings_fini(&config->envs);
    free(config->cwd);
    free(config->user);
    strings_fini(&config->ports);
    strings_fini(&config->udp_ports);
    strings_fini(&config->diff_ids);
    free(config->version);
    free(config->description);
    *config = (struct oci_config){ 0 };
}

static int docker_image_parse(struct docker_image *image, const json_t *object, struct err *err)
{
    if (text_get(&image->config, object, "Config", err) < 0 ||
        list_get(&image->tags, object, "RepoTags", err) < 0 ||
        list_get(&image->layers, object, "Layers", err) < 0)
        return -1;
    if (!image->config)
        return err_set(err, "\"Config\" is missing");
    if (image->layers.count > OCI_LAYERS_MAX)
        return err_set(err, "\"Layers\": more than %d entries", OCI_LAYERS_MAX);
    return 0;
}

int docker_manifest_parse(struct docker_images *images, const char *text, size_t size,
                          struct err *err)
{
    json_t *top = json_parse(text, size, true, err);
    int status = 0;

    *images = (struct docker_images){ 0 };
    if (!top)
        return -1;
    if (json_array_size(top) > OCI_DESCRIPTORS_MAX)
        status = err_set(err, "more than %d images", OCI_DESCRIPTORS_MAX);
    for (size_t i = 0; i < json_array_size(top) && status == 0; i++) {
        images->items = xrealloc(images->items, images->count + 1, sizeof(*images->items));
        images->items[images->count] = (struct docker_image){ 0 };
        status = docker_image_parse(&images->items[images->count++], json_array_get(top, i), err);
        if (status < 0)
            (void)err_prefix(err, "entry %zu", i + 1);
    }
    json_decref(top);
    return status;
}

void docker_images_fini(struct docker_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->items[i].config);
        strings_fini(&images->items[i].tags);
        strings_fini(&images->items[i].layers);
    }
    free(images->items);
    *images = (struct docker_images){ 0 };
}
