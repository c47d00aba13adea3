/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sockets, as Linux numbers them (asm-generic). */

#include "lib/base/types.h"

#define AF_UNSPEC  0
#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_PACKET  17
#define AF_MAX     46

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_RDM       4
#define SOCK_SEQPACKET 5
#define SOCK_DCCP      6
#define SOCK_PACKET    10
#define SOCK_TYPE_MASK 0xf
#define SOCK_NONBLOCK  04000
#define SOCK_CLOEXEC   02000000

#define IPPROTO_IP   0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP  6
#define IPPROTO_UDP  17
#define IPPROTO_IPV6 41
#define IPPROTO_RAW  255
#define IPPROTO_MAX  263

#define NETLINK_ROUTE 0

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

#define SOMAXCONN 4096

#define MSG_OOB          0x1u
#define MSG_PEEK         0x2u
#define MSG_DONTROUTE    0x4u
#define MSG_CTRUNC       0x8u
#define MSG_TRUNC        0x20u
#define MSG_DONTWAIT     0x40u
#define MSG_EOR          0x80u
#define MSG_WAITALL      0x100u
#define MSG_CONFIRM      0x800u
#define MSG_ERRQUEUE     0x2000u
#define MSG_NOSIGNAL     0x4000u
#define MSG_MORE         0x8000u
#define MSG_WAITFORONE   0x10000u
#define MSG_ZEROCOPY     0x4000000u
#define MSG_FASTOPEN     0x20000000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SOL_SOCKET  1
#define SOL_NETLINK 270

#define SO_DEBUG         1
#define SO_REUSEADDR     2
#define SO_TYPE          3
#define SO_ERROR         4
#define SO_DONTROUTE     5
#define SO_BROADCAST     6
#define SO_SNDBUF        7
#define SO_RCVBUF        8
#define SO_KEEPALIVE     9
#define SO_OOBINLINE     10
#define SO_NO_CHECK      11
#define SO_PRIORITY      12
#define SO_LINGER        13
#define SO_BSDCOMPAT     14
#define SO_REUSEPORT     15
#define SO_PASSCRED      16
#define SO_PEERCRED      17
#define SO_RCVLOWAT      18
#define SO_SNDLOWAT      19
#define SO_RCVTIMEO      20
#define SO_SNDTIMEO      21
#define SO_BINDTODEVICE  25
#define SO_ATTACH_FILTER 26
#define SO_DETACH_FILTER 27
#define SO_TIMESTAMP     29
#define SO_ACCEPTCONN    30
#define SO_PEERSEC       31
#define SO_SNDBUFFORCE   32
#define SO_RCVBUFFORCE   33
#define SO_MARK          36
#define SO_PROTOCOL      38
#define SO_DOMAIN        39
#define SO_INCOMING_CPU  49
#define SO_BUSY_POLL     46
#define SO_ZEROCOPY      60

#define IP_TOS                  1
#define IP_TTL                  2
#define IP_HDRINCL              3
#define IP_OPTIONS              4
#define IP_RECVOPTS             6
#define IP_PKTINFO              8
#define IP_MTU_DISCOVER         10
#define IP_RECVERR              11
#define IP_RECVTTL              12
#define IP_RECVTOS              13
#define IP_MTU                  14
#define IP_FREEBIND             15
#define IP_TRANSPARENT          19
#define IP_BIND_ADDRESS_NO_PORT 24
#define IP_MULTICAST_IF         32
#define IP_MULTICAST_TTL        33
#define IP_MULTICAST_LOOP       34
#define IP_ADD_MEMBERSHIP       35
#define IP_DROP_MEMBERSHIP      36
#define IP_LOCAL_PORT_RANGE     51

#define TCP_NODELAY          1
#define TCP_MAXSEG           2
#define TCP_CORK             3
#define TCP_KEEPIDLE         4
#define TCP_KEEPINTVL        5
#define TCP_KEEPCNT          6
#define TCP_SYNCNT           7
#define TCP_LINGER2          8
#define TCP_DEFER_ACCEPT     9
#define TCP_WINDOW_CLAMP     10
#define TCP_INFO             11
#define TCP_QUICKACK         12
#define TCP_CONGESTION       13
#define TCP_USER_TIMEOUT     18
#define TCP_FASTOPEN         23
#define TCP_TIMESTAMP        24
#define TCP_NOTSENT_LOWAT    25
#define TCP_FASTOPEN_CONNECT 30

#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD      253

#define SIOCATMARK     0x8905u
#define SIOCOUTQ       0x5411u
#define SIOCGIFNAME    0x8910u
#define SIOCGIFCONF    0x8912u
#define SIOCGIFFLAGS   0x8913u
#define SIOCGIFADDR    0x8915u
#define SIOCGIFDSTADDR 0x8917u
#define SIOCGIFBRDADDR 0x8919u
#define SIOCGIFNETMASK 0x891bu
#define SIOCGIFMETRIC  0x891du
#define SIOCGIFMTU     0x8921u
#define SIOCGIFHWADDR  0x8927u
#define SIOCGIFINDEX   0x8933u
#define SIOCGIFTXQLEN  0x8942u

#define IFF_UP        0x1
#define IFF_BROADCAST 0x2
#define IFF_LOOPBACK  0x8
#define IFF_RUNNING   0x40
#define IFF_MULTICAST 0x1000
#define IFF_LOWER_UP  0x10000

#define ARPHRD_ETHER    1
#define ARPHRD_LOOPBACK 772

#define UNIX_PATH_MAX 108

struct abi_sockaddr_in {
    u16 family;
    struct be16 port;
    struct be32 address;
    u8 zero[8];
};
static_assert(sizeof(struct abi_sockaddr_in) == 16, "as Linux lays it out");

struct abi_sockaddr_un {
    u16 family;
    char path[UNIX_PATH_MAX];
};

struct abi_sockaddr_nl {
    u16 family;
    u16 pad;
    u32 pid;
    u32 groups;
};

/* Large enough for all of them. */
struct abi_sockaddr {
    u16 family;
    u8 bytes[126];
};
static_assert(sizeof(struct abi_sockaddr) == 128, "sockaddr_storage");

struct abi_linger {
    int on;
    int seconds;
};

struct abi_ucred {
    int pid;
    u32 uid;
    u32 gid;
};

struct abi_msghdr {
    u64 name;
    int name_len;
    u32 pad;
    u64 pieces;
    u64 piece_count;
    u64 control;
    u64 control_len;
    u32 flags;
    u32 pad2;
};
static_assert(sizeof(struct abi_msghdr) == 56, "as Linux lays it out");

struct abi_mmsghdr {
    struct abi_msghdr header;
    u32 len;
    u32 pad;
};

struct abi_cmsghdr {
    u64 len;
    int level;
    int type;
};

struct abi_in_pktinfo {
    int ifindex;
    struct be32 spec_dst;
    struct be32 addr;
};

struct abi_ifreq {
    char name[16];
    union {
        struct abi_sockaddr_in address;
        struct {
            u16 family;
            u8 mac[14];
        } hardware;
        s32 number;
        u16 flags;
        u8 bytes[24];
    };
};
static_assert(sizeof(struct abi_ifreq) == 40, "as Linux lays it out");

struct abi_ifconf {
    s32 len;
    u32 pad;
    u64 buffer;
};

struct abi_tcp_info {
    u8 state, ca_state, retransmits, probes, backoff, options;
    u8 wscale; /* Send in the low half, receive in the high one. */
    u8 flags;
    u32 rto, ato, snd_mss, rcv_mss;
    u32 unacked, sacked, lost, retrans, fackets;
    u32 last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
    u32 pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
    u32 rcv_rtt, rcv_space, total_retrans;
    u64 pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    u32 segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
    u64 delivery_rate;
};
static_assert(sizeof(struct abi_tcp_info) == 168, "as Linux lays it out");
