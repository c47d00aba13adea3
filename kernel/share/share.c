/* SPDX-License-Identifier: Apache-2.0 */
/* Shares are added while the machine boots, by one thread, and never go: no lock. */
#include "kernel/share/share.h"

#include "abi/linux/errors.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

static struct share *shares[SHARES_MAX];
static u32 share_count;

struct share *share_find(const char *tag)
{
    for (u32 i = 0; i < share_count; i++) {
        if (str_equal(shares[i]->tag, tag))
            return shares[i];
    }
    return NULL;
}

int share_register(struct share *share)
{
    if (share_find(share->tag))
        return -EEXIST;
    if (share_count == SHARES_MAX)
        return -ENOSPC;
    shares[share_count++] = share;
    return 0;
}
