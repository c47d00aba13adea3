/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest as text. */
#include "lib/base/types.h"
#include "lib/manifest/keys.h"
#include "lib/manifest/manifest.h"

/* Counts on where `room` ends, so that the caller learns how much it takes. */
struct writer {
    char *buffer;
    size_t room;
    size_t len;
};

static void put_char(struct writer *out, char letter)
{
    if (out->len < out->room)
        out->buffer[out->len] = letter;
    out->len++;
}

static void put_text(struct writer *out, const char *text)
{
    while (*text != '\0')
        put_char(out, *text++);
}

static void put_number(struct writer *out, u64 number)
{
    char digits[20]; /* 2^64 has as many. */
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        put_char(out, digits[--count]);
}

static void put_ip(struct writer *out, u32 ip)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        put_number(out, ip >> shift & 0xff);
        if (shift > 0)
            put_char(out, '.');
    }
}

static void put_escaped(struct writer *out, const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (value[i] == '\n') {
            put_text(out, "\\n");
        } else if (value[i] == '\\') {
            put_text(out, "\\\\");
        } else {
            put_char(out, value[i]);
        }
    }
}

static void put_line(struct writer *out, const char *key, const char *value)
{
    put_text(out, key);
    put_char(out, ' ');
    put_escaped(out, value, manifest_text_len(value));
    put_char(out, '\n');
}

static void put_lines(struct writer *out, const char *key, const char *const *values, u32 count)
{
    for (u32 i = 0; i < count; i++)
        put_line(out, key, values[i]);
}

static void put_uuid(struct writer *out, const u8 uuid[MANIFEST_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (u32 i = 0; i < MANIFEST_UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            put_char(out, '-');
        put_char(out, digits[uuid[i] >> 4]);
        put_char(out, digits[uuid[i] & 15]);
    }
}

static void put_source(struct writer *out, const struct manifest_mount *mount)
{
    switch (mount->source) {
    case MANIFEST_SOURCE_LABEL:
        put_text(out, "LABEL=");
        put_escaped(out, mount->name, mount->name_len);
        break;
    case MANIFEST_SOURCE_UUID:
        put_text(out, "UUID=");
        put_uuid(out, mount->uuid);
        break;
    case MANIFEST_SOURCE_INDEX:
        put_char(out, '%');
        put_number(out, mount->index);
        break;
    case MANIFEST_SOURCE_9P:
        put_text(out, "9p=");
        put_escaped(out, mount->name, mount->name_len);
        break;
    }
}

static void put_mounts(struct writer *out, const struct manifest *manifest)
{
    for (u32 i = 0; i < manifest->mount_count; i++) {
        const struct manifest_mount *mount = &manifest->mounts[i];

        put_text(out, "mount ");
        put_source(out, mount);
        put_char(out, ' ');
        put_escaped(out, mount->path, mount->path_len);
        put_text(out, mount->read_only ? " ro\n" : "\n");
    }
}

static void put_ip_line(struct writer *out, const char *key, u32 ip)
{
    put_text(out, key);
    put_char(out, ' ');
    put_ip(out, ip);
    put_char(out, '\n');
}

static void put_network(struct writer *out, const struct manifest *manifest)
{
    put_line(out, "network", manifest_network_names.names[manifest->network]);
    if (manifest->ip != 0) {
        put_text(out, "ip ");
        put_ip(out, manifest->ip);
        put_char(out, '/');
        put_number(out, manifest->prefix_len);
        put_char(out, '\n');
    }
    if (manifest->gateway != 0)
        put_ip_line(out, "gateway", manifest->gateway);
    for (u32 i = 0; i < manifest->dns_count; i++)
        put_ip_line(out, "dns", manifest->dns[i]);
    if (manifest->mtu != 0) {
        put_text(out, "mtu ");
        put_number(out, manifest->mtu);
        put_char(out, '\n');
    }
}

static void put_limits(struct writer *out, const struct manifest *manifest)
{
    for (u32 i = 0; i < MANIFEST_LIMITS; i++) {
        if (!(manifest->limits_set & 1u << i))
            continue;
        put_text(out, "limit ");
        put_text(out, manifest_limit_names.names[i]);
        put_char(out, ' ');
        if (manifest->limits[i] == MANIFEST_UNLIMITED) {
            put_text(out, "unlimited");
        } else {
            put_number(out, manifest->limits[i]);
        }
        put_char(out, '\n');
    }
}

static void put_user(struct writer *out, const struct manifest *manifest)
{
    if (manifest->uid == 0 && manifest->gid == 0)
        return;
    put_text(out, "user ");
    put_number(out, manifest->uid);
    put_char(out, ':');
    put_number(out, manifest->gid);
    put_char(out, '\n');
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to through `out`. */
size_t manifest_emit(const struct manifest *manifest, char *buffer, size_t room)
{
    struct writer out = { .buffer = buffer, .room = room };

    if (manifest->program)
        put_line(&out, "program", manifest->program);
    put_lines(&out, "arg", manifest->args, manifest->arg_count);
    put_lines(&out, "env", manifest->envs, manifest->env_count);
    put_line(&out, "cwd", manifest->cwd);
    if (manifest->hostname)
        put_line(&out, "hostname", manifest->hostname);
    put_user(&out, manifest);
    put_lines(&out, "tmpfs", manifest->tmpfs, manifest->tmpfs_count);
    put_mounts(&out, manifest);
    put_network(&out, manifest);
    put_line(&out, "crash", manifest_end_names.names[manifest->crash]);
    if (manifest->exit != MANIFEST_END_HALT)
        put_line(&out, "exit", manifest_end_names.names[manifest->exit]);
    if (manifest->restart_pause_ms != MANIFEST_RESTART_PAUSE) {
        put_text(&out, "restart-pause ");
        put_number(&out, manifest->restart_pause_ms);
        put_char(&out, '\n');
    }
    put_limits(&out, manifest);
    if (manifest->trace)
        put_line(&out, "trace", "on");
    put_lines(&out, "notrace", manifest->notrace, manifest->notrace_count);
    if (manifest->syscall_summary)
        put_line(&out, "syscall-summary", "on");
    if (manifest->trace_files)
        put_line(&out, "trace-files", "on");
    if (manifest->log != MANIFEST_LOG_UNSET)
        put_line(&out, "log", manifest_log_names.names[manifest->log]);
    return out.len;
}
