/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/network.h"

#include "host/err.h"
#include "host/strings.h"
#include "lib/manifest/manifest.h"
#include "ops/config/settings.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PREFIX_LEN_DEFAULT = 24, /* 255.255.255.0 */
};

static int ip_parse(uint32_t *ip, const char *text, struct err *err)
{
    return manifest_parse_ip(ip, text) ? 0 : err_set(err, "'%s' is not an IPv4 address", text);
}

/* 255.255.255.0 is 24. */
static int mask_parse(unsigned *prefix_len, const char *text, struct err *err)
{
    uint32_t mask;

    if (ip_parse(&mask, text, err) < 0)
        return -1;
    if (mask == 0 || (~mask & (~mask + 1)) != 0)
        return err_set(err, "'%s' is not a netmask: say 255.255.255.0", text);
    *prefix_len = (unsigned)__builtin_popcount(mask);
    return 0;
}

static int address_lines(struct strings *lines, const struct settings *settings, struct err *err)
{
    unsigned prefix_len = PREFIX_LEN_DEFAULT;
    uint32_t ip;

    if (!settings->ip_address) {
        return settings->gateway || settings->netmask
                   ? err_set(err, "a gateway or netmask without an address\n"
                                  "hint: --ip-address gives one, without it DHCP says all three")
                   : 0;
    }
    if (ip_parse(&ip, settings->ip_address, err) < 0 ||
        (settings->netmask && mask_parse(&prefix_len, settings->netmask, err) < 0) ||
        (settings->gateway && ip_parse(&ip, settings->gateway, err) < 0))
        return -1;
    strings_add(lines, "network static");
    strings_addf(lines, "ip %s/%u", settings->ip_address, prefix_len);
    if (settings->gateway)
        strings_addf(lines, "gateway %s", settings->gateway);
    return 0;
}

int network_lines(struct strings *lines, const struct settings *settings, struct err *err)
{
    if (address_lines(lines, settings, err) < 0)
        return -1;
    for (size_t i = 0; i < settings->name_servers.count; i++)
        strings_addf(lines, "dns %s", settings->name_servers.items[i]);
    if (settings->mtu == 0)
        return 0;
    if (settings->mtu < MANIFEST_MTU_MIN || settings->mtu > MANIFEST_MTU_MAX) {
        return err_set(err, "an MTU of %llu: there can be %d to %d",
                       (unsigned long long)settings->mtu, MANIFEST_MTU_MIN, MANIFEST_MTU_MAX);
    }
    strings_addf(lines, "mtu %llu", (unsigned long long)settings->mtu);
    return 0;
}
