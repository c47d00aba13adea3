/* SPDX-License-Identifier: Apache-2.0 */
/* Copies from and to the program: ranges; faults are for uaccess_copy.S and traps.c. */
#include "kernel/mm/uaccess.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/uaccess_init.h"
#include "lib/base/types.h"

bool uaccess_smap; /* Read by uaccess_copy.S, too. */

size_t uaccess_copy(void *to, const void *from, size_t size);
size_t uaccess_zero(void *to, size_t size);
long uaccess_text(char *to, const char *from, size_t size);
int uaccess_load32(const u32 *from, u32 *value);
int uaccess_exchange32(u32 *word, u32 value, u32 *old);
int uaccess_replace32(u32 *word, u32 expected, u32 value, u32 *old);

void uaccess_init(void)
{
    uaccess_smap = cpu_features.smap;
}

size_t copy_in_some(void *to, uaddr_t from, size_t size)
{
    if (!user_range_ok(from, size))
        return size;
    return uaccess_copy(to, (const void *)from, size);
}

size_t copy_out_some(uaddr_t to, const void *from, size_t size)
{
    if (!user_range_ok(to, size))
        return size;
    return uaccess_copy((void *)to, from, size);
}

int copy_in(void *to, uaddr_t from, size_t size)
{
    return copy_in_some(to, from, size) == 0 ? 0 : -EFAULT;
}

int copy_out(uaddr_t to, const void *from, size_t size)
{
    return copy_out_some(to, from, size) == 0 ? 0 : -EFAULT;
}

size_t zero_out_some(uaddr_t to, size_t size)
{
    if (!user_range_ok(to, size))
        return size;
    return uaccess_zero((void *)to, size);
}

int zero_out(uaddr_t to, size_t size)
{
    return zero_out_some(to, size) == 0 ? 0 : -EFAULT;
}

long copy_in_text(char *to, uaddr_t from, size_t size)
{
    size_t limit = size;
    long len;

    if (from >= USER_ADDRESS_END)
        return -EFAULT;
    if (limit > USER_ADDRESS_END - from)
        limit = USER_ADDRESS_END - from;
    len = uaccess_text(to, (const char *)from, limit);
    if (len < 0)
        return -EFAULT;
    if ((size_t)len == limit)
        return limit < size ? -EFAULT : -ENAMETOOLONG;
    return len;
}

static bool word_ok(uaddr_t address)
{
    return user_range_ok(address, sizeof(u32)) && (address & 3) == 0;
}

int user_load32(uaddr_t address, u32 *value)
{
    if (!word_ok(address) || uaccess_load32((const u32 *)address, value) < 0)
        return -EFAULT;
    return 0;
}

int user_exchange32(uaddr_t address, u32 value, u32 *old)
{
    if (!word_ok(address) || uaccess_exchange32((u32 *)address, value, old) < 0)
        return -EFAULT;
    return 0;
}

int user_replace32(uaddr_t address, u32 expected, u32 value, u32 *old)
{
    if (!word_ok(address) || uaccess_replace32((u32 *)address, expected, value, old) < 0)
        return -EFAULT;
    return *old == expected ? 0 : -EAGAIN;
}

/* With interrupts off a fault is not resolved: that is all the difference. */
int user_load32_atomic(uaddr_t address, u32 *value)
{
    bool were_on = irq_save();
    int err = user_load32(address, value);

    irq_restore(were_on);
    return err;
}

int user_replace32_atomic(uaddr_t address, u32 expected, u32 value, u32 *old)
{
    bool were_on = irq_save();
    int err = user_replace32(address, expected, value, old);

    irq_restore(were_on);
    return err;
}
