/* SPDX-License-Identifier: Apache-2.0 */
/* mprotect(2): each protection, seen by the faults it causes and their siginfo. */
#include "test/abi/abi.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

static sigjmp_buf back;
static siginfo_t fault;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    fault = *info;
    siglongjmp(back, 1);
}

static bool can_read(const volatile char *at)
{
    if (sigsetjmp(back, 1) != 0)
        return false;
    (void)*at;
    return true;
}

static bool can_write(volatile char *at)
{
    if (sigsetjmp(back, 1) != 0)
        return false;
    *at = 'w';
    return true;
}

/* `at` holds a return instruction. */
static bool can_run(char *at)
{
    void (*call)(void);

    memcpy(&call, &at, sizeof(call));
    if (sigsetjmp(back, 1) != 0)
        return false;
    call();
    return true;
}

static void each_protection(char *map)
{
    EXPECT(can_read(map) && can_write(map));
    EXPECT_EQ(mprotect(map, ABI_PAGE, PROT_READ), 0);
    EXPECT(can_read(map) && !can_write(map + 5));
    EXPECT_EQ(fault.si_signo, SIGSEGV);
    EXPECT_EQ(fault.si_code, SEGV_ACCERR);
    EXPECT(fault.si_addr == map + 5);
    EXPECT(can_write(map + ABI_PAGE));
    EXPECT_EQ(mprotect(map, ABI_PAGE, PROT_NONE), 0);
    EXPECT(!can_read(map + 6) && !can_write(map));
    EXPECT_EQ(fault.si_code, SEGV_ACCERR);
    EXPECT_EQ(mprotect(map, ABI_PAGE, PROT_READ | PROT_WRITE), 0);
    EXPECT(can_read(map) && map[0] == 'w');

    map[0] = (char)0xc3;
    EXPECT(!can_run(map));
    EXPECT_EQ(fault.si_code, SEGV_ACCERR);
    EXPECT(fault.si_addr == map);
    EXPECT_EQ(mprotect(map, ABI_PAGE, PROT_READ | PROT_EXEC), 0);
    EXPECT(can_run(map) && !can_write(map));
}

static void in_the_middle(char *map)
{
    EXPECT_EQ(mprotect(map + 2 * ABI_PAGE, 2 * ABI_PAGE, PROT_READ), 0);
    EXPECT(can_write(map + 2 * ABI_PAGE - 1) && !can_write(map + 2 * ABI_PAGE));
    EXPECT(!can_write(map + 4 * ABI_PAGE - 1) && can_write(map + 4 * ABI_PAGE));
    EXPECT_EQ(mprotect(map, 8 * ABI_PAGE, PROT_READ | PROT_WRITE), 0);
    EXPECT(can_write(map + 2 * ABI_PAGE));

    /* A hole stops it, after the pages before the hole were changed. */
    EXPECT_EQ(munmap(map + 6 * ABI_PAGE, ABI_PAGE), 0);
    EXPECT_ERRNO(mprotect(map, 8 * ABI_PAGE, PROT_READ), ENOMEM);
    EXPECT(!can_write(map));
    EXPECT(!can_read(map + 6 * ABI_PAGE));
    EXPECT_EQ(fault.si_code, SEGV_MAPERR);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    char *map =
        mmap(NULL, 8 * ABI_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(map != MAP_FAILED);
    sigaction(SIGSEGV, &action, NULL);
    each_protection(map);
    in_the_middle(map);
    EXPECT_ERRNO(mprotect(map + 1, ABI_PAGE, PROT_READ), EINVAL);
    EXPECT_ERRNO(mprotect(map, ABI_PAGE, 0x40), EINVAL);
    EXPECT_EQ(mprotect(map, 0, PROT_READ), 0);
    return abi_done();
}
