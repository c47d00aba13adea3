/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/hostname.h"

#include "abi/linux/errors.h"
#include "kernel/core/spinlock.h"
#include "lib/base/mem.h"

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);
static char hostname[HOSTNAME_SIZE] = "soliton";
static char domainname[HOSTNAME_SIZE] = "(none)";

static void name_get(const char *from, char *to)
{
    spin_lock(&lock);
    mem_copy(to, from, HOSTNAME_SIZE);
    spin_unlock(&lock);
}

static int name_set(char *to, const char *from, size_t len)
{
    if (len >= HOSTNAME_SIZE)
        return -EINVAL;
    spin_lock(&lock);
    mem_zero(to, HOSTNAME_SIZE);
    mem_copy(to, from, len);
    spin_unlock(&lock);
    return 0;
}

void hostname_get(char name[HOSTNAME_SIZE])
{
    name_get(hostname, name);
}

void domainname_get(char name[HOSTNAME_SIZE])
{
    name_get(domainname, name);
}

int hostname_set(const char *name, size_t len)
{
    return name_set(hostname, name, len);
}

int domainname_set(const char *name, size_t len)
{
    return name_set(domainname, name, len);
}
