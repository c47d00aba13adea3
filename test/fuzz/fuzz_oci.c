/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON of container images: the first byte says which kind, the rest is its text. What is
 * refused is refused in words; what is accepted has digests of the right form, and within limits.
 */
#include "host/err.h"
#include "host/strings.h"
#include "ops/pkg/oci_json.h"
#include "test/fuzz/fuzz.h"

static void descriptors_check(const struct oci_descriptors *list, size_t max)
{
    FUZZ_CHECK(list->count <= max);
    for (size_t i = 0; i < list->count; i++) {
        FUZZ_CHECK(strlen(list->items[i].hex) == OCI_HEX_LEN);
        FUZZ_CHECK(strspn(list->items[i].hex, "0123456789abcdef") == OCI_HEX_LEN);
    }
}

static int index_try(const char *text, size_t size, struct err *err)
{
    struct oci_descriptors list = { 0 };
    int status = oci_index_parse(&list, text, size, err);

    if (status == 0)
        descriptors_check(&list, OCI_DESCRIPTORS_MAX);
    oci_descriptors_fini(&list);
    return status;
}

static int manifest_try(const char *text, size_t size, struct err *err)
{
    struct oci_manifest manifest = { 0 };
    int status = oci_manifest_parse(&manifest, text, size, err);

    if (status == 0) {
        FUZZ_CHECK(manifest.config.count == 1);
        descriptors_check(&manifest.layers, OCI_LAYERS_MAX);
    }
    oci_manifest_fini(&manifest);
    return status;
}

static int config_try(const char *text, size_t size, struct err *err)
{
    struct oci_config config = { 0 };
    int status = oci_config_parse(&config, text, size, err);

    for (size_t i = 0; i < config.diff_ids.count && status == 0; i++)
        FUZZ_CHECK(strlen(config.diff_ids.items[i]) == OCI_HEX_LEN);
    oci_config_fini(&config);
    return status;
}

static int docker_try(const char *text, size_t size, struct err *err)
{
    struct docker_images images = { 0 };
    int status = docker_manifest_parse(&images, text, size, err);

    for (size_t i = 0; i < images.count && status == 0; i++)
        FUZZ_CHECK(images.items[i].config != NULL);
    docker_images_fini(&images);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int (*const kinds[])(const char *, size_t, struct err *) = {
        index_try,
        manifest_try,
        config_try,
        docker_try,
    };
    struct err err = { 0 };
    char *text;

    if (size == 0)
        return 0;
    text = fuzz_copy(bytes + 1, size - 1);
    if (kinds[bytes[0] % 4](text, size - 1, &err) < 0) {
        FUZZ_CHECK(err.text[0] != '\0');
        FUZZ_CHECK(memchr(err.text, '\0', sizeof(err.text)) != NULL);
    }
    free(text);
    return 0;
}
