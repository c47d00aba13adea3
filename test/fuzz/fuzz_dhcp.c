/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of a DHCP server: anybody on the wire can be one. */
#include "kernel/net/dhcp_wire.h"
#include "kernel/net/net.h"
#include "lib/base/types.h"
#include "test/fuzz/fuzz.h"

static bool is_host_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    u8 *message = fuzz_copy(bytes, size);
    struct dhcp_reply reply;

    if (size <= UINT16_MAX && dhcp_parse(message, (u32)size, &reply)) {
        size_t len = strnlen(reply.domain, sizeof(reply.domain));

        FUZZ_CHECK(size >= DHCP_FIXED_SIZE);
        FUZZ_CHECK(reply.type != 0);
        FUZZ_CHECK(reply.dns_count <= NET_DNS_MAX);
        FUZZ_CHECK(len < sizeof(reply.domain));
        for (size_t i = 0; i < len; i++) /* It goes into /etc/resolv.conf. */
            FUZZ_CHECK(is_host_name(reply.domain[i]));
    }
    free(message);
    return 0;
}
