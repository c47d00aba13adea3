/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/sys/net: limits that can be set are words of socket_limits; the others say what is, and
 * cannot be written.
 */
#include "abi/linux/errors.h"
#include "kernel/fs/procfs.h"
#include "kernel/socket/proc_net.h"
#include "kernel/socket/socket.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    SOMAXCONN_MAX = 65535,
    BUFFER_MAX = 64 << 20,
};

void proc_net_ip(char text[16], u32 ip)
{
    struct text out;

    text_init(&out, text, 16);
    text_format(&out, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

struct limit {
    const char *path;
    u32 *word;
    u32 min;
    u32 max;
};

static const struct limit limits[] = {
    { "sys/net/core/somaxconn", &socket_limits.somaxconn, 0, SOMAXCONN_MAX },
    { "sys/net/core/rmem_max", &socket_limits.rmem_max, 2304, BUFFER_MAX },
    { "sys/net/core/wmem_max", &socket_limits.wmem_max, 4608, BUFFER_MAX },
    { "sys/net/core/rmem_default", &socket_limits.rmem_default, 2304, BUFFER_MAX },
    { "sys/net/core/wmem_default", &socket_limits.wmem_default, 4608, BUFFER_MAX },
};

static void show_limit(struct proc_output *out, void *arg)
{
    const struct limit *limit = arg;

    proc_printf(out, "%u\n", __atomic_load_n(limit->word, __ATOMIC_RELAXED));
}

static int store_limit(const char *text, size_t len, void *arg)
{
    const struct limit *limit = arg;
    u64 value;

    while (len > 0 && text[len - 1] == '\n')
        len--;
    if (!text_parse_u64(text, len, &value) || value < limit->min || value > limit->max)
        return -EINVAL;
    __atomic_store_n(limit->word, (u32)value, __ATOMIC_RELAXED);
    return 0;
}

struct fact {
    const char *path;
    const char *text;
};

static const struct fact facts[] = {
    { "sys/net/core/netdev_max_backlog", "1000\n" },
    { "sys/net/core/optmem_max", "20480\n" },
    { "sys/net/ipv4/ip_forward", "0\n" },
    { "sys/net/ipv4/ip_default_ttl", "64\n" },
    { "sys/net/ipv4/ip_local_port_range", "32768\t60999\n" },
    { "sys/net/ipv4/ip_unprivileged_port_start", "0\n" },
    { "sys/net/ipv4/tcp_available_congestion_control", "reno\n" },
    { "sys/net/ipv4/tcp_congestion_control", "reno\n" },
    { "sys/net/ipv4/tcp_fastopen", "0\n" },
    { "sys/net/ipv4/tcp_fin_timeout", "60\n" },
    { "sys/net/ipv4/tcp_keepalive_intvl", "75\n" },
    { "sys/net/ipv4/tcp_keepalive_probes", "9\n" },
    { "sys/net/ipv4/tcp_keepalive_time", "7200\n" },
    { "sys/net/ipv4/tcp_max_syn_backlog", "4096\n" },
    { "sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n" },
    { "sys/net/ipv4/tcp_sack", "1\n" },
    { "sys/net/ipv4/tcp_syncookies", "1\n" },
    { "sys/net/ipv4/tcp_timestamps", "1\n" },
    { "sys/net/ipv4/tcp_window_scaling", "1\n" },
    { "sys/net/ipv4/tcp_wmem", "4096\t16384\t4194304\n" },
    { "sys/net/unix/max_dgram_qlen", "512\n" },
};

void proc_sys_net_init(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++)
        procfs_add(limits[i].path, show_limit, store_limit, (void *)(uintptr_t)&limits[i]);
    for (size_t i = 0; i < ARRAY_COUNT(facts); i++)
        procfs_add_text(facts[i].path, facts[i].text);
}
