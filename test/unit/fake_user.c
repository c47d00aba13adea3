/* SPDX-License-Identifier: Apache-2.0 */
/* The program's memory for unit tests is the test's own: its addresses are plain pointers. */
#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"

#include <string.h>

enum {
    FIRST_GOOD = 4096,
};

u64 fake_user_bad_lo;
u64 fake_user_bad_hi;

/* How many bytes from `address` on may be touched. */
static size_t reachable(uaddr_t address, size_t size)
{
    fake_may_sleep("copy to or from the program under a spinlock");
    if (address < FIRST_GOOD || !user_range_ok(address, 1))
        return 0;
    if (address >= fake_user_bad_lo && address < fake_user_bad_hi)
        return 0;
    if (fake_user_bad_lo > address && fake_user_bad_lo - address < size)
        return fake_user_bad_lo - address;
    return user_range_ok(address, size) ? size : USER_END - address;
}

size_t copy_in_some(void *to, uaddr_t from, size_t size)
{
    size_t len = size ? reachable(from, size) : 0;

    if (len)
        memcpy(to, (const void *)from, len);
    return size - len;
}

size_t copy_out_some(uaddr_t to, const void *from, size_t size)
{
    size_t len = size ? reachable(to, size) : 0;

    if (len)
        memcpy((void *)to, from, len);
    return size - len;
}

int copy_in(void *to, uaddr_t from, size_t size)
{
    return copy_in_some(to, from, size) ? -EFAULT : 0;
}

int copy_out(uaddr_t to, const void *from, size_t size)
{
    return copy_out_some(to, from, size) ? -EFAULT : 0;
}

size_t zero_out_some(uaddr_t to, size_t size)
{
    size_t len = size ? reachable(to, size) : 0;

    if (len)
        memset((void *)to, 0, len);
    return size - len;
}

int zero_out(uaddr_t to, size_t size)
{
    return zero_out_some(to, size) ? -EFAULT : 0;
}

long copy_in_text(char *to, uaddr_t from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (copy_in(&to[i], from + i, 1) < 0)
            return -EFAULT;
        if (to[i] == '\0')
            return (long)i;
    }
    return -ENAMETOOLONG;
}

int user_load32(uaddr_t address, u32 *value)
{
    return copy_in(value, address, sizeof(*value));
}

int user_exchange32(uaddr_t address, u32 value, u32 *old)
{
    if (copy_in(old, address, sizeof(*old)) < 0)
        return -EFAULT;
    return copy_out(address, &value, sizeof(value));
}

int user_replace32(uaddr_t address, u32 expected, u32 value, u32 *old)
{
    if (copy_in(old, address, sizeof(*old)) < 0)
        return -EFAULT;
    if (*old != expected)
        return -EAGAIN;
    return copy_out(address, &value, sizeof(value));
}

/* Allowed under a spinlock, so not through reachable(). */
int user_load32_atomic(uaddr_t address, u32 *value)
{
    if (address < FIRST_GOOD || (address >= fake_user_bad_lo && address < fake_user_bad_hi))
        return -EFAULT;
    memcpy(value, (const void *)address, sizeof(*value));
    return 0;
}

int user_replace32_atomic(uaddr_t address, u32 expected, u32 value, u32 *old)
{
    int err = user_load32_atomic(address, old);

    if (err < 0)
        return err;
    if (*old != expected)
        return -EAGAIN;
    memcpy((void *)address, &value, sizeof(value));
    return 0;
}
