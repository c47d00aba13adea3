/* SPDX-License-Identifier: Apache-2.0 */
/* SIGSEGV: codes and addresses for every way to reach memory that one must not reach. */
#include "test/abi/abi_fault.h"

#include <sys/mman.h>

static const uintptr_t kernel_address = 0xffffffff80001000;
static const uintptr_t non_canonical = 0x8000000000001000;

static void load(uintptr_t from)
{
    __asm__ volatile("movb (%0), %%al" ::"r"(from) : "al", "memory");
}

static void store(uintptr_t to)
{
    __asm__ volatile("movb $1, (%0)" ::"r"(to) : "memory");
}

static void jump(uintptr_t to)
{
    __asm__ volatile("call *%0" ::"r"(to) : "memory", "rax", "rcx", "rdx");
}

static void privileged(void)
{
    __asm__ volatile("hlt");
}

static void undefined(void)
{
    __asm__ volatile("ud2");
}

static void breakpoint(void)
{
    __asm__ volatile("int3");
}

static void software_interrupt(void)
{
    __asm__ volatile("int $0x81");
}

int main(void)
{
    char *map = mmap(NULL, 2 * ABI_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uintptr_t page = (uintptr_t)map;
    volatile int i; /* Kept by siglongjmp. */

    fault_catch(SIGSEGV);
    fault_catch(SIGILL);
    fault_catch(SIGTRAP);
    EXPECT(map != MAP_FAILED);
    EXPECT_EQ(munmap(map + ABI_PAGE, ABI_PAGE), 0);

    EXPECT_FAULT(load(0), SIGSEGV, SEGV_MAPERR, 0);
    EXPECT_EQ(fault_trap, 14);
    EXPECT_FAULT(load(0x123), SIGSEGV, SEGV_MAPERR, 0x123);
    EXPECT_EQ(fault_cr2, 0x123);
    EXPECT_FAULT(store(0), SIGSEGV, SEGV_MAPERR, 0);
    EXPECT_FAULT(load(page + ABI_PAGE + 7), SIGSEGV, SEGV_MAPERR, page + ABI_PAGE + 7);
    EXPECT_FAULT(store(page + 3), SIGSEGV, SEGV_ACCERR, page + 3);
    EXPECT_EQ(FAULT_OF(load(page)), 0);
    EXPECT_FAULT(jump(page), SIGSEGV, SEGV_ACCERR, page);
    EXPECT_EQ((uintptr_t)fault_rip, page);
    EXPECT_FAULT(jump(page + ABI_PAGE), SIGSEGV, SEGV_MAPERR, page + ABI_PAGE);

    /* The kernel's own addresses look unmapped, whatever is there. */
    EXPECT_EQ(FAULT_OF(load(kernel_address)), SIGSEGV);
    EXPECT_EQ((uintptr_t)fault_info.si_addr, kernel_address);
    EXPECT_EQ(FAULT_OF(store(kernel_address)), SIGSEGV);
    EXPECT_EQ(FAULT_OF(jump(kernel_address)), SIGSEGV);

    /* No page is to blame: a general protection fault has no address. */
    EXPECT_FAULT(load(non_canonical), SIGSEGV, SI_KERNEL, 0);
    EXPECT_EQ(fault_trap, 13);
    EXPECT_FAULT(privileged(), SIGSEGV, SI_KERNEL, 0);
    EXPECT_FAULT(software_interrupt(), SIGSEGV, SI_KERNEL, 0);

    EXPECT_EQ(FAULT_OF(undefined()), SIGILL);
    EXPECT_EQ(fault_info.si_code, ILL_ILLOPN);
    EXPECT_EQ((uintptr_t)fault_info.si_addr, fault_rip);
    EXPECT_EQ(FAULT_OF(breakpoint()), SIGTRAP);
    EXPECT_EQ(fault_info.si_code, SI_KERNEL);

    /* Again and again: nothing wears out. */
    for (i = 0; i < 1000; i++) {
        int signal = FAULT_OF(store(page));

        if (signal != SIGSEGV)
            break;
    }
    EXPECT_EQ(i, 1000);
    return abi_done();
}
