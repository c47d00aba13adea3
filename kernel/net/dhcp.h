/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * DHCP client (RFC 2131). It runs from timers and from what arrives, below the socket layer, and
 * gives what it gets to net_config_apply().
 *
 *     SELECTING --offer--> REQUESTING --ack--> BOUND --T1--> RENEWING --T2--> REBINDING
 *         ^                    |                 ^               |                |
 *         |  nak, no answer    |                 `------ack------+----------------'
 *         `--------------------+-------------------------nak, lease over----------'
 */

struct netdev;

/* Asks on `dev`, for ever. Starts over when it runs already. */
void dhcp_start(struct netdev *dev);

/* Asks no more; what is configured stays. */
void dhcp_stop(void);
