/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's key `mount`: volumes. */
#include "lib/base/mem.h"
#include "lib/base/types.h"
#include "lib/manifest/keys.h"
#include "lib/manifest/manifest.h"

/* A part of a value: [text, text + len). */
struct part {
    const char *text;
    size_t len;
};

/* Takes `prefix` off the front. */
static bool part_after(struct part *part, const char *prefix)
{
    size_t len = manifest_text_len(prefix);

    if (part->len < len || !mem_equal(part->text, prefix, len))
        return false;
    part->text += len;
    part->len -= len;
    return true;
}

static int hex_digit(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F')
        return letter - 'A' + 10;
    return -1;
}

/* 8-4-4-4-12 digits, in the order of the bytes on disk. */
static bool uuid_parse(u8 uuid[MANIFEST_UUID_SIZE], struct part text)
{
    size_t at = 0;

    for (u32 i = 0; i < MANIFEST_UUID_SIZE; i++) {
        int high;
        int low;

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (at == text.len || text.text[at++] != '-')
                return false;
        }
        if (text.len - at < 2)
            return false;
        high = hex_digit(text.text[at]);
        low = hex_digit(text.text[at + 1]);
        if (high < 0 || low < 0)
            return false;
        uuid[i] = (u8)(high << 4 | low);
        at += 2;
    }
    return at == text.len;
}

static const char *name_set(struct manifest_mount *mount, struct part name, u32 len_max)
{
    if (name.len == 0)
        return "no name in the source of";
    if (name.len > len_max)
        return "the name is too long in";
    mount->name = name.text;
    mount->name_len = (u32)name.len;
    return NULL;
}

static const char *index_set(struct manifest_mount *mount, struct part digits)
{
    const char *end = digits.text;
    u64 index;

    if (!manifest_number_take(&index, &end, MANIFEST_DISKS_MAX - 1) ||
        end != digits.text + digits.len)
        return "not the number of a disk in";
    mount->index = (u32)index;
    return NULL;
}

static const char *source_set(struct manifest_mount *mount, struct part source)
{
    if (part_after(&source, "LABEL=")) {
        mount->source = MANIFEST_SOURCE_LABEL;
        return name_set(mount, source, MANIFEST_LABEL_MAX);
    }
    if (part_after(&source, "9p=")) {
        mount->source = MANIFEST_SOURCE_9P;
        return name_set(mount, source, MANIFEST_TAG_MAX);
    }
    if (part_after(&source, "%")) {
        mount->source = MANIFEST_SOURCE_INDEX;
        return index_set(mount, source);
    }
    if (!part_after(&source, "UUID="))
        return "not LABEL=, UUID=, %N or 9p= and a path:";
    mount->source = MANIFEST_SOURCE_UUID;
    return uuid_parse(mount->uuid, source) ? NULL : "not a UUID in";
}

/* Splits "SOURCE PATH [ro]": the source ends at the first space that a slash follows. */
static bool value_split(struct part value, struct part *source, struct part *path, bool *read_only)
{
    static const char option[] = " ro";
    const size_t option_len = sizeof(option) - 1;
    size_t at = 0;

    while (at + 1 < value.len && (value.text[at] != ' ' || value.text[at + 1] != '/'))
        at++;
    if (at + 1 >= value.len)
        return false;
    *source = (struct part){ value.text, at };
    *path = (struct part){ value.text + at + 1, value.len - at - 1 };
    *read_only = path->len > option_len &&
                 mem_equal(path->text + path->len - option_len, option, option_len);
    if (*read_only)
        path->len -= option_len;
    return true;
}

static struct manifest_mount *mount_at(struct manifest *manifest, struct part path)
{
    for (u32 i = 0; i < manifest->mount_count; i++) {
        struct manifest_mount *mount = &manifest->mounts[i];

        if (mount->path_len == path.len && mem_equal(mount->path, path.text, path.len))
            return mount;
    }
    return NULL;
}

const char *manifest_mount_set(struct manifest *manifest, const char *value)
{
    struct part whole = { value, manifest_text_len(value) };
    struct manifest_mount parsed = { .name = NULL };
    struct manifest_mount *mount;
    const char *what;
    struct part source;
    struct part path;

    if (!value_split(whole, &source, &path, &parsed.read_only))
        return "not SOURCE and an absolute path:";
    what = source_set(&parsed, source);
    if (what)
        return what;
    if (path.len == 1)
        return "the root cannot be mounted over:";
    if (path.len >= MANIFEST_PATH_MAX)
        return "the path is too long";
    parsed.path = path.text;
    parsed.path_len = (u32)path.len;

    mount = mount_at(manifest, path);
    if (!mount && manifest->mount_count == MANIFEST_MOUNTS_MAX)
        return "too many volumes";
    if (!mount)
        mount = &manifest->mounts[manifest->mount_count++];
    *mount = parsed;
    return NULL;
}
