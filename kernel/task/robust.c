/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Robust lists: locks a thread leaves behind. The list is the program's own and may be anything:
 * each step is a checked copy, and there are at most so many.
 */
#include "abi/linux/errors.h"
#include "abi/linux/futex.h"
#include "kernel/mm/uaccess.h"
#include "kernel/task/futex.h"
#include "lib/base/types.h"

enum {
    ROBUST_ENTRIES_MAX = 2048, /* As Linux. */
};

/* Bit 0 of an entry's address says that it is a PI futex, which we do not have. */
static uaddr_t entry_word(u64 entry, s64 futex_off)
{
    return (entry & ~1ull) + (u64)futex_off;
}

static void lock_abandon(uaddr_t word, u32 tid, bool is_pending)
{
    u32 value;
    u32 old;

    if (word % sizeof(u32) != 0 || user_load32(word, &value) < 0)
        return;
    while ((value & FUTEX_TID_MASK) == tid) {
        int err = user_replace32(word, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &old);

        if (err == -EAGAIN) {
            value = old;
            continue;
        }
        if (err == 0 && value & FUTEX_WAITERS)
            (void)futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY, true);
        return;
    }
    /* It had unlocked, and not come to wake the next one. */
    if (is_pending && value == 0)
        (void)futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY, true);
}

void futex_robust_exit(uaddr_t list, u32 tid)
{
    struct abi_robust_list head;
    u64 entry;

    if (list == 0 || copy_in(&head, list, sizeof(head)) < 0)
        return;
    entry = head.first;
    for (u32 i = 0; i < ROBUST_ENTRIES_MAX && (entry & ~1ull) != list; i++) {
        u64 next;

        /* Read on before the lock is given away: its new owner may free it. */
        if (copy_in(&next, entry & ~1ull, sizeof(next)) < 0)
            break;
        if ((entry & ~1ull) != (head.pending & ~1ull))
            lock_abandon(entry_word(entry, head.futex_off), tid, false);
        entry = next;
    }
    if (head.pending != 0)
        lock_abandon(entry_word(head.pending, head.futex_off), tid, true);
}
