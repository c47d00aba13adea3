/* SPDX-License-Identifier: Apache-2.0 */
/* SIGFPE: integer division, and floating point once its exceptions are unmasked. */
#include "test/abi/abi_fault.h"

/* Masks of the exceptions, as the x87 control word has them; MXCSR has them 7 bits higher. */
enum {
    INVALID = 0x01,
    DIVISION = 0x04,
    OVERFLOW = 0x08,
    ALL = 0x3f,
};

/* Clears what was recorded, and lets these exceptions through. */
static void unmask(unsigned exceptions)
{
    uint16_t control = (uint16_t)(0x340 | (ALL & ~exceptions));
    uint32_t mxcsr = (ALL & ~exceptions) << 7;

    __asm__ volatile("fnclex; fldcw %0; ldmxcsr %1" ::"m"(control), "m"(mxcsr));
}

static void divide(int a, int b)
{
    int quotient;
    int rest;

    __asm__ volatile("cltd; idivl %3" : "=a"(quotient), "=&d"(rest) : "a"(a), "r"(b));
}

static void divide_sse(double a, double b)
{
    __asm__ volatile("divsd %1, %0" : "+x"(a) : "x"(b));
}

static void divide_x87(double a, double b)
{
    __asm__ volatile("fldl %0; fdivl %1; fwait; fstp %%st(0)" ::"m"(a), "m"(b) : "st");
}

int main(void)
{
    fault_catch(SIGFPE);
    EXPECT_EQ(FAULT_OF(divide(1, 0)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_INTDIV);
    EXPECT_EQ((uintptr_t)fault_info.si_addr, fault_rip);
    EXPECT_EQ(FAULT_OF(divide(-2147483647 - 1, -1)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_INTDIV);
    EXPECT_EQ(FAULT_OF(divide(7, 2)), 0);

    EXPECT_EQ(FAULT_OF(divide_sse(1, 0)), 0);
    EXPECT_EQ(FAULT_OF(divide_x87(1, 0)), 0);
    unmask(DIVISION);
    EXPECT_EQ(FAULT_OF(divide_sse(1, 0)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_FLTDIV);
    EXPECT_EQ(fault_trap, 19);
    unmask(DIVISION | INVALID | OVERFLOW);
    EXPECT_EQ(FAULT_OF(divide_x87(1, 0)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_FLTDIV);
    EXPECT_EQ(fault_trap, 16);
    unmask(INVALID | OVERFLOW);
    EXPECT_EQ(FAULT_OF(divide_sse(0, 0)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_FLTINV);
    unmask(OVERFLOW);
    EXPECT_EQ(FAULT_OF(divide_sse(1e308, 1e-308)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_FLTOVF);
    return abi_done();
}
