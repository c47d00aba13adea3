/* SPDX-License-Identifier: Apache-2.0 */
/* DHCP messages: parse and emit. */
#include "kernel/net/dhcp_wire.h"

#include "kernel/net/wire.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    BOOTREQUEST = 1,
    BOOTREPLY = 2,
    HARDWARE_ETHERNET = 1,
    FLAG_BROADCAST = 0x8000, /* Answer to everybody: our address is not ours yet. */
    OFF_SECONDS = 8,
    OFF_FLAGS = 10,
    OFF_CLIENT_IP = 12,
    OFF_YOUR_IP = 16,
    OFF_MAC = 28,
    OFF_SERVER_NAME = 44,
    OFF_FILE = 108,
    OFF_COOKIE = 236,
    MAGIC_COOKIE = 0x63825363,
};

enum option {
    OPTION_PAD = 0,
    OPTION_MASK = 1,
    OPTION_ROUTER = 3,
    OPTION_DNS = 6,
    OPTION_DOMAIN = 15,
    OPTION_MTU = 26,
    OPTION_WANTED_IP = 50,
    OPTION_LEASE = 51,
    OPTION_OVERLOAD = 52,
    OPTION_TYPE = 53,
    OPTION_SERVER = 54,
    OPTION_WANTED_OPTIONS = 55,
    OPTION_MESSAGE_SIZE = 57,
    OPTION_RENEW = 58,
    OPTION_REBIND = 59,
    OPTION_CLIENT_ID = 61,
    OPTION_END = 255,
};

static u8 *put_option(u8 *at, u8 code, const void *value, u8 len)
{
    at[0] = code;
    at[1] = len;
    mem_copy(at + 2, value, len);
    return at + 2 + len;
}

static u8 *put_ip(u8 *at, u8 code, u32 ip)
{
    u8 value[4];

    if (ip == 0)
        return at;
    wire_put32(value, ip);
    return put_option(at, code, value, sizeof(value));
}

u32 dhcp_emit(u8 bytes[DHCP_MESSAGE_SIZE], const struct dhcp_request *request)
{
    static const u8 wanted[] = { OPTION_MASK, OPTION_ROUTER, OPTION_DNS,   OPTION_DOMAIN,
                                 OPTION_MTU,  OPTION_LEASE,  OPTION_RENEW, OPTION_REBIND };
    const u8 message_size[2] = { DHCP_MESSAGE_SIZE >> 8, DHCP_MESSAGE_SIZE & 255 };
    u8 client_id[1 + MAC_SIZE] = { HARDWARE_ETHERNET };
    u8 type = (u8)request->type;
    u8 *at = bytes + DHCP_FIXED_SIZE;

    mem_zero(bytes, DHCP_MESSAGE_SIZE);
    bytes[0] = BOOTREQUEST;
    bytes[1] = HARDWARE_ETHERNET;
    bytes[2] = MAC_SIZE;
    wire_put32(bytes + 4, request->xid);
    wire_put16(bytes + OFF_SECONDS, request->seconds);
    wire_put16(bytes + OFF_FLAGS, request->client_ip ? 0 : FLAG_BROADCAST);
    wire_put32(bytes + OFF_CLIENT_IP, request->client_ip);
    mem_copy(bytes + OFF_MAC, request->mac, MAC_SIZE);
    wire_put32(bytes + OFF_COOKIE, MAGIC_COOKIE);
    mem_copy(client_id + 1, request->mac, MAC_SIZE);

    at = put_option(at, OPTION_TYPE, &type, 1);
    at = put_option(at, OPTION_CLIENT_ID, client_id, sizeof(client_id));
    at = put_ip(at, OPTION_WANTED_IP, request->wanted_ip);
    at = put_ip(at, OPTION_SERVER, request->server);
    at = put_option(at, OPTION_MESSAGE_SIZE, message_size, sizeof(message_size));
    at = put_option(at, OPTION_WANTED_OPTIONS, wanted, sizeof(wanted));
    *at++ = OPTION_END;
    return (u32)(at - bytes) < 300 ? 300 : (u32)(at - bytes); /* BOOTP's old minimum. */
}

/* Host names are letters, digits, '-' and '.': anything else would end up in resolv.conf. */
static void take_domain(struct dhcp_reply *reply, const u8 *value, u32 len)
{
    while (len > 0 && value[len - 1] == '\0')
        len--;
    if (len == 0 || len >= NET_DOMAIN_SIZE)
        return;
    for (u32 i = 0; i < len; i++) {
        u8 c = value[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.' || c == '_'))
            return;
    }
    mem_copy(reply->domain, value, len);
    reply->domain[len] = '\0';
}

static void take_dns(struct dhcp_reply *reply, const u8 *value, u32 len)
{
    for (u32 i = 0; i + 4 <= len && reply->dns_count < NET_DNS_MAX; i += 4) {
        if (wire_get32(value + i) != 0)
            reply->dns[reply->dns_count++] = wire_get32(value + i);
    }
}

static void take_number(u32 *number, const u8 *value, u32 len)
{
    if (len == 4)
        *number = wire_get32(value);
}

static void take_option(struct dhcp_reply *reply, u8 code, const u8 *value, u32 len)
{
    switch (code) {
    case OPTION_MASK:
        take_number(&reply->mask, value, len);
        break;
    case OPTION_ROUTER:
        if (len >= 4 && len % 4 == 0)
            reply->gateway = wire_get32(value); /* The first is the preferred one. */
        break;
    case OPTION_DNS:
        take_dns(reply, value, len);
        break;
    case OPTION_DOMAIN:
        take_domain(reply, value, len);
        break;
    case OPTION_MTU:
        if (len == 2)
            reply->mtu = wire_get16(value);
        break;
    case OPTION_LEASE:
        take_number(&reply->lease_s, value, len);
        break;
    case OPTION_TYPE:
        if (len == 1)
            reply->type = value[0];
        break;
    case OPTION_SERVER:
        take_number(&reply->server, value, len);
        break;
    case OPTION_RENEW:
        take_number(&reply->renew_s, value, len);
        break;
    case OPTION_REBIND:
        take_number(&reply->rebind_s, value, len);
        break;
    default:
        break;
    }
}

/* Goes through one field of options. False when one reaches beyond the field's end. */
static bool take_options(struct dhcp_reply *reply, const u8 *bytes, u32 len, u8 *overload)
{
    u32 off = 0;

    while (off < len && bytes[off] != OPTION_END) {
        u32 value_len;

        if (bytes[off] == OPTION_PAD) {
            off++;
            continue;
        }
        if (len - off < 2)
            return false;
        value_len = bytes[off + 1];
        if (value_len > len - off - 2)
            return false;
        if (bytes[off] == OPTION_OVERLOAD && value_len == 1)
            *overload = bytes[off + 2];
        take_option(reply, bytes[off], bytes + off + 2, value_len);
        off += 2 + value_len;
    }
    return true;
}

bool dhcp_parse(const u8 *bytes, u32 len, struct dhcp_reply *reply)
{
    u8 overload = 0;
    u8 ignored = 0;

    mem_zero(reply, sizeof(*reply));
    if (len < DHCP_FIXED_SIZE || bytes[0] != BOOTREPLY || bytes[1] != HARDWARE_ETHERNET ||
        bytes[2] != MAC_SIZE || wire_get32(bytes + OFF_COOKIE) != MAGIC_COOKIE)
        return false;
    reply->xid = wire_get32(bytes + 4);
    reply->your_ip = wire_get32(bytes + OFF_YOUR_IP);
    mem_copy(reply->mac, bytes + OFF_MAC, MAC_SIZE);
    if (!take_options(reply, bytes + DHCP_FIXED_SIZE, len - DHCP_FIXED_SIZE, &overload))
        return false;
    /* Option 52: more of them in the fields of the boot file's name and the server's. */
    if ((overload & 1) && !take_options(reply, bytes + OFF_FILE, OFF_COOKIE - OFF_FILE, &ignored))
        return false;
    if ((overload & 2) &&
        !take_options(reply, bytes + OFF_SERVER_NAME, OFF_FILE - OFF_SERVER_NAME, &ignored))
        return false;
    return reply->type != 0;
}
