/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmap(2) with MAP_SHARED | MAP_ANONYMOUS: an object of its own, which can be mapped a second time.
 */
#include "test/abi/abi.h"

#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

enum {
    PAGES = 8,
    LEN = PAGES * 4096,
};

static const int rw = PROT_READ | PROT_WRITE;
static sigjmp_buf back;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    siglongjmp(back, sig);
}

/* The signal that reading it gives, or 0. */
static int fault_at(const volatile char *at)
{
    int sig = sigsetjmp(back, 1);

    if (sig == 0)
        (void)*at;
    return sig;
}

static char *shared(size_t size)
{
    char *map = mmap(NULL, size, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    EXPECT(map != MAP_FAILED);
    return map;
}

static void mapped_twice(char *map)
{
    char *again;

    map[0] = 'a';
    map[3 * ABI_PAGE] = 'd';
    again = mremap(map, 0, LEN, MREMAP_MAYMOVE);
    EXPECT(again != MAP_FAILED && again != map);
    EXPECT(again[0] == 'a' && again[3 * ABI_PAGE] == 'd');
    again[ABI_PAGE] = 'b';
    EXPECT_EQ(map[ABI_PAGE], 'b');
    EXPECT_EQ(mprotect(map, LEN, PROT_READ), 0);
    again[ABI_PAGE] = 'c';
    EXPECT_EQ(map[ABI_PAGE], 'c');

    EXPECT_EQ(munmap(map + ABI_PAGE, LEN - ABI_PAGE), 0);
    EXPECT(again[0] == 'a' && again[ABI_PAGE] == 'c');
    EXPECT_EQ(munmap(map, ABI_PAGE), 0);
    EXPECT_EQ(again[3 * ABI_PAGE], 'd');
    EXPECT_EQ(munmap(again, LEN), 0);
}

static void has_a_size(void)
{
    char *map = mremap(shared(LEN), LEN, 2ul * LEN, MREMAP_MAYMOVE);

    EXPECT(map != MAP_FAILED);
    EXPECT_EQ(fault_at(map + LEN - 1), 0);
    EXPECT_EQ(fault_at(map + LEN), SIGBUS);
    EXPECT_EQ(munmap(map, 2ul * LEN), 0);
    EXPECT_EQ(fault_at(map), SIGSEGV);
}

static void keeps_what_is_dropped(void)
{
    char *map = shared(LEN);

    memset(map, 'k', LEN);
    EXPECT_EQ(madvise(map, LEN, MADV_DONTNEED), 0);
    EXPECT(map[0] == 'k' && map[LEN - 1] == 'k');
    EXPECT(madvise(map, LEN, MADV_FREE) == -1 && errno == EINVAL);
    EXPECT_EQ(munmap(map, LEN), 0);
}

static void *wait_for_word(void *word)
{
    while (__atomic_load_n((uint32_t *)word, __ATOMIC_ACQUIRE) == 0)
        syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL);
    return NULL;
}

static void a_futex_seen_from_two_places(void)
{
    char *map = shared(LEN);
    char *again = mremap(map, 0, LEN, MREMAP_MAYMOVE);
    uint32_t *word = (uint32_t *)(void *)(map + 64);
    uint32_t *same = (uint32_t *)(void *)(again + 64);
    long woken = 0;
    pthread_t thread;

    EXPECT_EQ(pthread_create(&thread, NULL, wait_for_word, word), 0);
    while (woken == 0) {
        woken = syscall(SYS_futex, same, FUTEX_WAKE, 1);
        abi_sleep_ms(1);
    }
    __atomic_store_n(same, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, same, FUTEX_WAKE, 1);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(munmap(map, LEN), 0);
    EXPECT_EQ(munmap(again, LEN), 0);
}

static void *touch(void *arg)
{
    abi_sleep_ms(20);
    return arg;
}

/* The word that tells of a thread's end lies in its stack: who joins waits for a shared futex. */
static void a_stack_for_a_thread(void)
{
    size_t size = 64 * ABI_PAGE;
    char *stack = shared(size);
    pthread_attr_t attr;
    pthread_t thread;

    EXPECT_EQ(pthread_attr_init(&attr), 0);
    EXPECT_EQ(pthread_attr_setstack(&attr, stack, size), 0);
    EXPECT_EQ(pthread_create(&thread, &attr, touch, NULL), 0);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attr);
    EXPECT_EQ(munmap(stack, size), 0);
}

static void is_named(void)
{
    static char maps[1 << 16];
    char *map = shared(LEN);
    char line[64];
    char *found;

    snprintf(line, sizeof(line), "%lx-%lx rw-s 00000000 ", (unsigned long)map,
             (unsigned long)(map + LEN));
    EXPECT(abi_slurp("/proc/self/maps", maps, sizeof(maps)) > 0);
    found = strstr(maps, line);
    EXPECT(found != NULL);
    if (found) {
        *strchr(found, '\n') = '\0';
        EXPECT(strstr(found, " /dev/zero (deleted)") != NULL);
    }
    EXPECT_EQ(munmap(map, LEN), 0);
}

static void zero_device(void)
{
    int fd = open("/dev/zero", O_RDWR);
    char *map = mmap(NULL, LEN, rw, MAP_SHARED, fd, ABI_PAGE);
    char *other = mmap(NULL, LEN, rw, MAP_SHARED, fd, ABI_PAGE);

    EXPECT(map != MAP_FAILED && other != MAP_FAILED);
    EXPECT_EQ(close(fd), 0);
    map[0] = 'z';
    EXPECT_EQ(other[0], 0);
    mapped_twice(map);
    EXPECT_EQ(munmap(other, LEN), 0);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

    EXPECT_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    EXPECT_EQ(sigaction(SIGBUS, &action, NULL), 0);
    mapped_twice(shared(LEN));
    has_a_size();
    keeps_what_is_dropped();
    a_futex_seen_from_two_places();
    a_stack_for_a_thread();
    is_named();
    zero_device();
    EXPECT(mmap(NULL, 0, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    EXPECT(mmap(NULL, LEN, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 5) == MAP_FAILED && errno == EINVAL);
    EXPECT(mmap(NULL, SIZE_MAX / 2, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
           errno == ENOMEM);
    return abi_done();
}
