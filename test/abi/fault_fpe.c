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

/* QEMU's emulation never raises exceptions of SSE, whatever kernel runs in it. */
static bool sse_traps(void)
{
    uint32_t signature[4];

    __asm__("cpuid"
            : "=a"(signature[0]), "=b"(signature[1]), "=c"(signature[2]), "=d"(signature[3])
            : "a"(0x40000000), "c"(0));
    return memcmp(&signature[1], "TCGTCGTCGTCG", 12) != 0;
}

static void test_x87(void)
{
    unmask(DIVISION | INVALID | OVERFLOW);
    EXPECT_EQ(FAULT_OF(divide_x87(1, 0)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_FLTDIV);
    EXPECT_EQ(fault_trap, 16);
}

static void test_sse(void)
{
    unmask(DIVISION);
    EXPECT_EQ(FAULT_OF(divide_sse(1, 0)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_FLTDIV);
    EXPECT_EQ(fault_trap, 19);
    unmask(INVALID | OVERFLOW);
    EXPECT_EQ(FAULT_OF(divide_sse(0, 0)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_FLTINV);
    unmask(OVERFLOW);
    EXPECT_EQ(FAULT_OF(divide_sse(1e308, 1e-308)), SIGFPE);
    EXPECT_EQ(fault_info.si_code, FPE_FLTOVF);
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
    test_x87();
    if (sse_traps()) {
        test_sse();
    } else {
        abi_skip("exceptions of SSE: QEMU's emulation has none");
    }
    return abi_done();
}
