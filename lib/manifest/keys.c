/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/manifest/keys.h"

static const char *const network_names[] = {
    [MANIFEST_NETWORK_DHCP] = "dhcp",
    [MANIFEST_NETWORK_STATIC] = "static",
    [MANIFEST_NETWORK_NONE] = "none",
};

static const char *const end_names[] = {
    [MANIFEST_END_HALT] = "halt",
    [MANIFEST_END_RESTART] = "restart",
    [MANIFEST_END_HOLD] = "hold",
};

static const char *const log_names[] = {
    [MANIFEST_LOG_ERROR] = "error",
    [MANIFEST_LOG_WARN] = "warn",
    [MANIFEST_LOG_INFO] = "info",
    [MANIFEST_LOG_DEBUG] = "debug",
};

/* In the order of Linux's RLIMIT_ numbers. */
static const char *const limit_names[MANIFEST_LIMITS] = {
    "cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
    "memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
};

const struct manifest_names manifest_network_names = { network_names, ARRAY_COUNT(network_names) };
const struct manifest_names manifest_end_names = { end_names, ARRAY_COUNT(end_names) };
const struct manifest_names manifest_log_names = { log_names, ARRAY_COUNT(log_names) };
const struct manifest_names manifest_limit_names = { limit_names, ARRAY_COUNT(limit_names) };

size_t manifest_text_len(const char *text)
{
    size_t len = 0;

    while (text[len] != '\0')
        len++;
    return len;
}

/* Whether the first `len` bytes of `text` are `name`, no more and no less. */
static bool is_name(const char *text, size_t len, const char *name)
{
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '\0' || text[i] != name[i])
            return false;
    }
    return name[len] == '\0';
}

/* The index of the name that `text` begins with and that ends at `len`, or -1. */
static int name_find(const struct manifest_names *names, const char *text, size_t len)
{
    for (u32 i = 0; i < names->count; i++) {
        if (names->names[i] && is_name(text, len, names->names[i]))
            return (int)i;
    }
    return -1;
}

bool manifest_number_take(u64 *number, const char **text, u64 max)
{
    const char *next = *text;

    if (*next < '0' || *next > '9')
        return false;
    *number = 0;
    while (*next >= '0' && *next <= '9') {
        u64 digit = (u64)(*next++ - '0');

        if (__builtin_mul_overflow(*number, (u64)10, number) ||
            __builtin_add_overflow(*number, digit, number) || *number > max)
            return false;
    }
    *text = next;
    return true;
}

static bool number_parse(u64 *number, const char *text, u64 max)
{
    return manifest_number_take(number, &text, max) && *text == '\0';
}

static bool ip_take(u32 *ip, const char **text)
{
    u32 sum = 0;
    u64 part;

    for (int i = 0; i < 4; i++) {
        if (i > 0 && *(*text)++ != '.')
            return false;
        if (!manifest_number_take(&part, text, 255))
            return false;
        sum = sum << 8 | (u32)part;
    }
    *ip = sum;
    return true;
}

bool manifest_parse_ip(u32 *ip, const char *text)
{
    u32 parsed;

    if (!ip_take(&parsed, &text) || *text != '\0')
        return false;
    *ip = parsed;
    return true;
}

static const char *path_set(const char **path, const char *value)
{
    if (value[0] != '/')
        return "the path is not absolute";
    if (manifest_text_len(value) >= MANIFEST_PATH_MAX)
        return "the path is too long";
    *path = value;
    return NULL;
}

static const char *program_set(struct manifest *manifest, const char *value)
{
    return path_set(&manifest->program, value);
}

static const char *cwd_set(struct manifest *manifest, const char *value)
{
    return path_set(&manifest->cwd, value);
}

static const char *arg_set(struct manifest *manifest, const char *value)
{
    if (!manifest->args_replaced) {
        manifest->args_replaced = true;
        manifest->arg_count = 0;
    }
    if (manifest->arg_count == MANIFEST_ARGS_MAX)
        return "too many arguments";
    manifest->args[manifest->arg_count++] = value;
    return NULL;
}

static size_t env_name_len(const char *env)
{
    size_t len = 0;

    while (env[len] != '=' && env[len] != '\0')
        len++;
    return len;
}

/* Whether `a` and `b`, both NAME=VALUE, have the same NAME of `len` bytes. */
static bool same_name(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i <= len; i++) {
        if (a[i] != b[i])
            return false;
    }
    return true;
}

static const char *env_set(struct manifest *manifest, const char *value)
{
    size_t len = env_name_len(value);

    if (len == 0 || value[len] != '=')
        return "not NAME=VALUE";
    for (u32 i = 0; i < manifest->env_count; i++) {
        if (same_name(manifest->envs[i], value, len)) {
            manifest->envs[i] = value;
            return NULL;
        }
    }
    if (manifest->env_count == MANIFEST_ENVS_MAX)
        return "too many variables";
    manifest->envs[manifest->env_count++] = value;
    return NULL;
}

static const char *hostname_set(struct manifest *manifest, const char *value)
{
    if (manifest_text_len(value) > MANIFEST_HOSTNAME_MAX)
        return "the name is too long";
    manifest->hostname = value;
    return NULL;
}

/* Linux keeps the highest number for "nobody in particular". */
static const char *user_set(struct manifest *manifest, const char *value)
{
    u64 uid;
    u64 gid = 0;
    bool good = manifest_number_take(&uid, &value, 0xfffffffe);

    if (good && *value == ':') {
        value++;
        good = manifest_number_take(&gid, &value, 0xfffffffe);
    }
    if (!good || *value != '\0')
        return "not UID or UID:GID";
    manifest->uid = (u32)uid;
    manifest->gid = (u32)gid;
    return NULL;
}

static const char *tmpfs_set(struct manifest *manifest, const char *value)
{
    if (manifest->tmpfs_count == MANIFEST_TMPFS_MAX)
        return "too many directories";
    return path_set(&manifest->tmpfs[manifest->tmpfs_count++], value);
}

static const char *network_set(struct manifest *manifest, const char *value)
{
    int mode = name_find(&manifest_network_names, value, manifest_text_len(value));

    if (mode < 0)
        return "not dhcp, static or none";
    manifest->network = (enum manifest_network)mode;
    return NULL;
}

static const char *ip_set(struct manifest *manifest, const char *value)
{
    const char *text = value;
    u64 prefix_len;
    u32 ip;

    if (!ip_take(&ip, &text) || *text++ != '/' || !number_parse(&prefix_len, text, 32))
        return "not A.B.C.D/LEN";
    manifest->ip = ip;
    manifest->prefix_len = (u32)prefix_len;
    return NULL;
}

static const char *gateway_set(struct manifest *manifest, const char *value)
{
    return manifest_parse_ip(&manifest->gateway, value) ? NULL : "not A.B.C.D";
}

static const char *dns_set(struct manifest *manifest, const char *value)
{
    if (!manifest->dns_replaced) {
        manifest->dns_replaced = true;
        manifest->dns_count = 0;
    }
    if (manifest->dns_count == MANIFEST_DNS_MAX)
        return "too many servers";
    if (!manifest_parse_ip(&manifest->dns[manifest->dns_count], value))
        return "not A.B.C.D";
    manifest->dns_count++;
    return NULL;
}

static const char *mtu_set(struct manifest *manifest, const char *value)
{
    u64 mtu;

    if (!number_parse(&mtu, value, MANIFEST_MTU_MAX) || mtu < MANIFEST_MTU_MIN)
        return "not a number from 576 to 65535";
    manifest->mtu = (u32)mtu;
    return NULL;
}

static const char *end_set(enum manifest_end *end, const char *value)
{
    int policy = name_find(&manifest_end_names, value, manifest_text_len(value));

    if (policy < 0)
        return "not halt, restart or hold";
    *end = (enum manifest_end)policy;
    return NULL;
}

static const char *crash_set(struct manifest *manifest, const char *value)
{
    return end_set(&manifest->crash, value);
}

static const char *exit_set(struct manifest *manifest, const char *value)
{
    return end_set(&manifest->exit, value);
}

static const char *restart_pause_set(struct manifest *manifest, const char *value)
{
    u64 ms;

    if (!number_parse(&ms, value, MANIFEST_RESTART_PAUSE_MAX))
        return "not a number up to 3600000";
    manifest->restart_pause_ms = (u32)ms;
    return NULL;
}

static const char *limit_set(struct manifest *manifest, const char *value)
{
    size_t len = 0;
    u64 number = MANIFEST_UNLIMITED;
    const char *amount;
    int which;

    while (value[len] != ' ' && value[len] != '\0')
        len++;
    which = name_find(&manifest_limit_names, value, len);
    if (which < 0)
        return "not the name of a limit";
    if (value[len] == '\0')
        return "the limit has no number";

    amount = value + len + 1;
    if (!is_name(amount, manifest_text_len(amount), "unlimited") &&
        !number_parse(&number, amount, MANIFEST_UNLIMITED - 1))
        return "not a number or unlimited";
    manifest->limits[which] = number;
    manifest->limits_set |= 1u << which;
    return NULL;
}

static const char *switch_set(bool *is_on, const char *value)
{
    size_t len = manifest_text_len(value);

    if (!is_name(value, len, "on") && !is_name(value, len, "off"))
        return "not on or off";
    *is_on = is_name(value, len, "on");
    return NULL;
}

static const char *trace_set(struct manifest *manifest, const char *value)
{
    return switch_set(&manifest->trace, value);
}

static const char *trace_files_set(struct manifest *manifest, const char *value)
{
    return switch_set(&manifest->trace_files, value);
}

static const char *syscall_summary_set(struct manifest *manifest, const char *value)
{
    return switch_set(&manifest->syscall_summary, value);
}

static const char *notrace_set(struct manifest *manifest, const char *value)
{
    if (manifest->notrace_count == MANIFEST_NOTRACE_MAX)
        return "too many lines";
    manifest->notrace[manifest->notrace_count++] = value;
    return NULL;
}

static const char *log_set(struct manifest *manifest, const char *value)
{
    int level = name_find(&manifest_log_names, value, manifest_text_len(value));

    if (level < 0)
        return "not error, warn, info or debug";
    manifest->log = (enum manifest_log)level;
    return NULL;
}

static const struct manifest_key keys[] = {
    { "program", false, program_set },
    { "arg", true, arg_set },
    { "env", false, env_set },
    { "cwd", false, cwd_set },
    { "hostname", false, hostname_set },
    { "user", false, user_set },
    { "tmpfs", false, tmpfs_set },
    { "network", false, network_set },
    { "ip", false, ip_set },
    { "gateway", false, gateway_set },
    { "dns", false, dns_set },
    { "mtu", false, mtu_set },
    { "crash", false, crash_set },
    { "exit", false, exit_set },
    { "restart-pause", false, restart_pause_set },
    { "limit", false, limit_set },
    { "trace", false, trace_set },
    { "log", false, log_set },
    { "mount", false, manifest_mount_set },
    { "notrace", false, notrace_set },
    { "trace-files", false, trace_files_set },
    { "syscall-summary", false, syscall_summary_set },
};

const struct manifest_key *manifest_key_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        if (is_name(name, len, keys[i].name))
            return &keys[i];
    }
    return NULL;
}
