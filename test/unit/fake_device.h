/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An Ethernet device that keeps what is sent, for tests of the stack below TCP. */

#include "kernel/net/netdev.h"
#include "lib/base/types.h"

enum {
    FAKE_FRAMES_MAX = 8192,
    FAKE_FRAME_SIZE = 70000,
};

struct fake_frame {
    u32 len;
    u16 gso_size;
    bool csum_partial;
    bool more;
    u8 *bytes;
};

extern const u8 fake_mac[MAC_SIZE];  /* Of the device. */
extern const u8 other_mac[MAC_SIZE]; /* Of whoever is at the other end. */
extern struct fake_frame fake_frames[FAKE_FRAMES_MAX];
extern u32 fake_frame_count;
extern bool fake_device_full; /* Refuses to transmit. */

/* Starts the stack and registers eth0 with these features, without a configuration. */
struct netdev *fake_device_init(u32 features, u32 mtu);

/* The same, configured as 10.0.0.1/24 with a gateway at 10.0.0.254; forgets what was sent. */
struct netdev *fake_device_init_configured(u32 features, u32 mtu);

/* Forgets the frames. */
void fake_frames_clear(void);

/* A frame arrives: in fragments of `piece` bytes (0: all in one). */
void fake_receive(const u8 *bytes, u32 len, u32 piece);

/* Wraps an IP packet's payload: Ethernet and IPv4 headers before it, then receives it. */
void fake_receive_ip(u32 source, u32 destination, u8 protocol, const u8 *payload, u32 len);

/* Answers the ARP request that is the last frame. */
void fake_answer_arp(void);
