/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Folders that the host shares with the machine, to filesystems and to drivers: each is a channel
 * that carries a message to the host and brings back its answer, known by the tag the host gave it.
 * What the messages say is 9P, and none of this module's business.
 */

#include "lib/base/types.h"

enum {
    SHARE_TAG_SIZE = 64, /* With the NUL. */
    SHARE_SEGMENTS_MAX = 68,
    SHARES_MAX = 16,
    SHARE_PATIENCE_SECONDS = 30, /* A disk that has to start up takes ten. */
};

/* Bytes in the kernel's heap or in pages: whatever lies in the direct map in one piece. */
struct share_segment {
    void *bytes;
    u32 len;
};

/* A message and the room for its answer. */
struct share_call {
    struct share_segment segments[SHARE_SEGMENTS_MAX]; /* What is sent, then what is filled in. */
    u32 out_count;
    u32 in_count;
};

struct share {
    char tag[SHARE_TAG_SIZE];
    u32 segments_max; /* Of one call, up to SHARE_SEGMENTS_MAX. */
    /*
     * Sends the message and sleeps until its answer is there: how many bytes the host says it
     * wrote, at most what there was room for; -EIO when the device is broken. -ETIMEDOUT when the
     * host has not answered for SHARE_PATIENCE_SECONDS: it may do so yet, so all memory of the
     * call stays with it, for ever.
     */
    long (*call)(struct share *share, const struct share_call *call);
    void *driver_data;
};

/* Makes a share known. It lives for ever. 0, -ENOSPC; -EEXIST for a tag that is taken. */
int share_register(struct share *share) MUST_USE;

/* By its tag, or NULL. */
struct share *share_find(const char *tag);
