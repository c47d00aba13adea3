/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads by clone(2) and clone3(2) without a C library's help: what is shared, the two places that
 * get the thread's number, the word that is cleared and woken at its end, and refused flags. The
 * children touch no thread-local variable of the library (errno among them), since they have none.
 */
#include "test/abi/abi.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>

enum {
    STACK = 64 * 1024,
};

static const uint64_t thread_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                     CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
                                     CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID;

static atomic_int ran;
static int child_pid;
static int child_tid;
static int parent_word;
static atomic_int child_word;
static int shared_fd;

static long raw(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static int child(void *arg)
{
    child_pid = (int)raw(SYS_getpid, 0, 0, 0);
    child_tid = (int)raw(SYS_gettid, 0, 0, 0);
    shared_fd = (int)raw(SYS_dup, 1, 0, 0);
    atomic_store(&ran, *(int *)arg);
    raw(SYS_exit, 0, 0, 0);
    return 0;
}

static void wait_for_end(void)
{
    int value = atomic_load(&child_word);

    while (value != 0) {
        syscall(SYS_futex, &child_word, FUTEX_WAIT, value, NULL, NULL, 0);
        value = atomic_load(&child_word);
    }
}

static void check_child(long tid, int mark)
{
    EXPECT(tid > 0);
    wait_for_end();
    EXPECT_EQ(ran, mark);
    EXPECT_EQ(child_pid, getpid());
    EXPECT_EQ(child_tid, tid);
    EXPECT_EQ(parent_word, tid);
    EXPECT(tid != getpid());

    /* The table of descriptors is one. */
    EXPECT(fcntl(shared_fd, F_GETFD) >= 0);
    close(shared_fd);

    /* The word is cleared and woken a little before the thread is no more. */
    for (int i = 0; i < 5000 && syscall(SYS_tgkill, getpid(), tid, 0) == 0; i++)
        abi_sleep_ms(1);
    EXPECT_ERRNO(syscall(SYS_tgkill, getpid(), tid, 0), ESRCH);
}

static char *new_stack(void)
{
    char *stack =
        mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    EXPECT(stack != MAP_FAILED);
    return stack;
}

static void by_clone(void)
{
    char *stack = new_stack();
    int mark = 11;

    atomic_store(&child_word, -1);
    check_child(
        clone(child, stack + STACK, (int)thread_flags, &mark, &parent_word, NULL, &child_word),
        mark);
    munmap(stack, STACK);
}

/* The child returns from the call on its own stack, so it must be told where to go in assembly. */
static long clone3_call(struct clone_args *args, int (*function)(void *), void *arg)
{
    register int (*r8)(void *) __asm__("r8") = function;
    register void *r9 __asm__("r9") = arg;
    long result;

    __asm__ volatile("syscall\n"
                     "testq %%rax, %%rax\n"
                     "jnz 1f\n"
                     "xorl %%ebp, %%ebp\n"
                     "movq %%r9, %%rdi\n"
                     "call *%%r8\n"
                     "ud2\n"
                     "1:\n"
                     : "=a"(result)
                     : "a"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static void by_clone3(void)
{
    char *stack = new_stack();
    int mark = 22;
    struct clone_args args = {
        .flags = thread_flags,
        .child_tid = (uintptr_t)&child_word,
        .parent_tid = (uintptr_t)&parent_word,
        .stack = (uintptr_t)stack,
        .stack_size = STACK,
    };

    atomic_store(&child_word, -1);
    check_child(clone3_call(&args, child, &mark), mark);
    munmap(stack, STACK);
}

static void refused(uint64_t flags, uint64_t stack, uint64_t stack_size)
{
    struct clone_args args = { .flags = flags, .stack = stack, .stack_size = stack_size };

    EXPECT_ERRNO(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
}

int main(void)
{
    struct clone_args args = { .flags = thread_flags };
    char *stack = new_stack();
    int i;

    by_clone();
    by_clone3();
    for (i = 0; i < 50; i++)
        by_clone();

    refused(CLONE_THREAD, (uintptr_t)stack, STACK);
    refused(CLONE_THREAD | CLONE_SIGHAND, (uintptr_t)stack, STACK);
    refused(CLONE_SIGHAND, (uintptr_t)stack, STACK);
    refused(thread_flags, 0, STACK);
    refused(thread_flags, (uintptr_t)stack, 0);
    refused(thread_flags | 0xff, (uintptr_t)stack, STACK);
    EXPECT_ERRNO(syscall(SYS_clone3, &args, 8), EINVAL);
    EXPECT_ERRNO(syscall(SYS_clone3, &args, 1 << 20), E2BIG);
    EXPECT_ERRNO(syscall(SYS_clone3, abi_bad_pointer(), sizeof(args)), EFAULT);
    EXPECT_ERRNO(syscall(SYS_clone, CLONE_THREAD, stack + STACK, NULL, NULL, NULL), EINVAL);
    return abi_done();
}
