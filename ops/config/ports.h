/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which ports of this machine lead to which ports of the guest. */

#include <stddef.h>
#include <stdint.h>

struct err;

enum {
    PORTS_MAX = 128,
};

struct port {
    uint16_t host;
    uint16_t guest;
};

struct ports {
    struct port items[PORTS_MAX];
    size_t count;
};

/*
 * Adds what `text` says: PORT, HOST:GUEST, ranges FROM-TO in place of either number (as long as
 * each other), and several of these with commas between. Returns 0, or -1 with `err` set.
 */
int ports_parse(struct ports *ports, const char *text, struct err *err);
