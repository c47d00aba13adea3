/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* rtnetlink(7), as far as programs ask for interfaces, addresses and routes. */

#include "lib/base/types.h"

#define NLMSG_NOOP  1
#define NLMSG_ERROR 2
#define NLMSG_DONE  3

#define NLM_F_REQUEST 0x01
#define NLM_F_MULTI   0x02
#define NLM_F_ACK     0x04
#define NLM_F_ROOT    0x100
#define NLM_F_MATCH   0x200
#define NLM_F_DUMP    (NLM_F_ROOT | NLM_F_MATCH)

#define RTM_NEWLINK  16
#define RTM_GETLINK  18
#define RTM_NEWADDR  20
#define RTM_GETADDR  22
#define RTM_NEWROUTE 24
#define RTM_GETROUTE 26
#define RTM_MAX      120

#define IFLA_ADDRESS   1
#define IFLA_BROADCAST 2
#define IFLA_IFNAME    3
#define IFLA_MTU       4
#define IFLA_TXQLEN    13
#define IFLA_OPERSTATE 16

#define IFA_ADDRESS   1
#define IFA_LOCAL     2
#define IFA_LABEL     3
#define IFA_BROADCAST 4
#define IFA_FLAGS     8

#define IFA_F_PERMANENT 0x80

#define RTA_DST     1
#define RTA_OIF     4
#define RTA_GATEWAY 5
#define RTA_PREFSRC 7
#define RTA_TABLE   15

#define RT_TABLE_MAIN     254
#define RT_SCOPE_UNIVERSE 0
#define RT_SCOPE_LINK     253
#define RT_SCOPE_HOST     254
#define RTPROT_KERNEL     2
#define RTPROT_BOOT       3
#define RTN_UNICAST       1

struct abi_nlmsghdr {
    u32 len;
    u16 type;
    u16 flags;
    u32 seq;
    u32 pid;
};

struct abi_nlattr {
    u16 len;
    u16 type;
};

struct abi_ifinfomsg {
    u8 family;
    u8 pad;
    u16 type;
    s32 index;
    u32 flags;
    u32 change;
};

struct abi_ifaddrmsg {
    u8 family;
    u8 prefix_len;
    u8 flags;
    u8 scope;
    u32 index;
};

struct abi_rtmsg {
    u8 family;
    u8 dst_len;
    u8 src_len;
    u8 tos;
    u8 table;
    u8 protocol;
    u8 scope;
    u8 type;
    u32 flags;
};

struct abi_nlmsgerr {
    s32 error;
    struct abi_nlmsghdr request;
};
