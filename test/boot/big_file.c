/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file that is larger than memory, in one of several ways: big_file PATH WAY. Each page of
 * the file begins with its number and ends with that number inverted. For big_file.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    CHUNK_PAGES = 16,
    JUMPS = 3000,
    STRIDE = 64, /* Of the pages that are written to. */
    CHURNERS = 3,
    ROUNDS = 6, /* Each is hundreds of flushes of all CPUs: slow where they share real ones. */
    PIECE_PAGES = 256,
    PRESS_MIB = 12,
};

#define PIECE_SIZE ((size_t)PIECE_PAGES * PAGE)

static const char *path;
static uint64_t page_count;

static _Noreturn void fail(const char *what, uint64_t page)
{
    printf("%s: page %llu: %s\n", what, (unsigned long long)page, strerror(errno));
    exit(1);
}

static void check_page(const char *what, const volatile uint64_t *words, uint64_t page)
{
    if (words[0] != page || words[PAGE / 8 - 1] != ~page) {
        errno = EBADMSG;
        fail(what, page);
    }
}

static int open_file(void)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &stat) < 0)
        fail("open", 0);
    page_count = (uint64_t)stat.st_size / PAGE;
    if (page_count == 0)
        fail("size", 0);
    return fd;
}

static const char *map_file(int flags, int protection)
{
    int fd = open_file();
    void *memory = mmap(NULL, page_count * PAGE, protection, flags, fd, 0);

    if (memory == MAP_FAILED)
        fail("mmap", 0);
    close(fd);
    return memory;
}

static const uint64_t *page_in(const char *memory, uint64_t page)
{
    return (const void *)(memory + page * PAGE);
}

static void by_read(void)
{
    static uint64_t buffer[CHUNK_PAGES * PAGE / 8];
    int fd = open_file();

    for (uint64_t page = 0; page < page_count; page += CHUNK_PAGES) {
        if (read(fd, buffer, sizeof(buffer)) != sizeof(buffer))
            fail("read", page);
        for (uint64_t i = 0; i < CHUNK_PAGES; i++)
            check_page("read", buffer + i * PAGE / 8, page + i);
    }
    close(fd);
}

/* Once through, then here and there. */
static void by_map(int flags)
{
    const char *memory = map_file(flags, PROT_READ);
    uint64_t page = 1;

    for (uint64_t i = 0; i < page_count; i++)
        check_page("mapped", page_in(memory, i), i);
    for (int i = 0; i < JUMPS; i++) {
        page = (page * 1103515245 + 12345) % page_count;
        check_page("jump", page_in(memory, page), page);
    }
}

/* Pages that were written to are the program's own, and stay whatever becomes of the others. */
static void by_write(void)
{
    char *memory = (char *)(uintptr_t)map_file(MAP_PRIVATE, PROT_READ | PROT_WRITE);

    for (uint64_t page = 0; page < page_count; page++) {
        check_page("before", page_in(memory, page), page);
        if (page % STRIDE == 0)
            memory[page * PAGE + 100] = (char)(page / STRIDE);
    }
    for (uint64_t page = 0; page < page_count; page++) {
        bool is_own = page % STRIDE == 0;

        check_page("after", page_in(memory, page), page);
        if (memory[page * PAGE + 100] != (is_own ? (char)(page / STRIDE) : 0)) {
            errno = EBADMSG;
            fail("own", page);
        }
    }
}

static const char *shared_memory;

static void *go_backwards(void *arg)
{
    (void)arg;
    for (uint64_t page = page_count; page-- > 0;)
        check_page("backwards", page_in(shared_memory, page), page);
    return NULL;
}

/* Two threads towards each other, each with a mapping that the other has as well. */
static void by_threads(void)
{
    const char *memory = map_file(MAP_PRIVATE, PROT_READ);
    pthread_t thread;

    shared_memory = memory;
    if (pthread_create(&thread, NULL, go_backwards, NULL) != 0)
        fail("pthread_create", 0);
    for (uint64_t page = 0; page < page_count; page++)
        check_page("forwards", page_in(memory, page), page);
    pthread_join(thread, NULL);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1103515245 + 12345;
    return *state >> 8;
}

/* Writes to a page in three of a piece of the file, and looks at all of them, again and again. */
static void piece_use(char *memory, uint64_t first, uint32_t mark)
{
    for (uint64_t i = 0; i < PIECE_PAGES; i++) {
        check_page("piece", page_in(memory, i), first + i);
        if (i % 3 == 0)
            memory[i * PAGE + 200] = (char)mark;
    }
    for (uint64_t i = 0; i < PIECE_PAGES; i++) {
        check_page("written", page_in(memory, i), first + i);
        if (memory[i * PAGE + 200] != (i % 3 == 0 ? (char)mark : 0))
            fail("own piece", first + i);
    }
}

static char *piece_map(int fd, uint64_t first)
{
    char *memory =
        mmap(NULL, PIECE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, (off_t)(first * PAGE));

    if (memory == MAP_FAILED)
        fail("mmap", first);
    return memory;
}

/* Maps pieces of the file here and there, writes to them, protects, moves and unmaps them. */
static void *churn(void *arg)
{
    uint32_t state = (uint32_t)(uintptr_t)arg;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    for (uint32_t round = 1; round <= ROUNDS; round++) {
        uint64_t first = next_random(&state) % (page_count - PIECE_PAGES);
        char *memory = piece_map(fd, first);
        char *moved;

        piece_use(memory, first, round);
        mprotect(memory + PAGE, PIECE_SIZE / 2, PROT_READ);
        mprotect(memory + PAGE, PIECE_SIZE / 2, PROT_READ | PROT_WRITE);
        moved = mremap(memory, PIECE_SIZE, 2 * PIECE_SIZE, MREMAP_MAYMOVE);
        if (moved == MAP_FAILED)
            fail("mremap", first);
        munmap(moved + PIECE_SIZE, PIECE_SIZE);
        madvise(moved, PIECE_SIZE, MADV_DONTNEED);
        piece_use(moved, first, round + 1);
        munmap(moved, PIECE_SIZE);
    }
    close(fd);
    return NULL;
}

/* Wants memory of its own, and gives it back. */
static void *press(void *arg)
{
    (void)arg;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        size_t size = (size_t)PRESS_MIB << 20;
        char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
            fail("mmap", 0);
        for (size_t at = 0; at < size; at += PAGE)
            memory[at] = (char)round;
        for (size_t at = 0; at < size; at += PAGE) {
            if (memory[at] != (char)round)
                fail("anonymous", at / PAGE);
        }
        munmap(memory, size);
    }
    return NULL;
}

/* Everything at once: pages leave while others map, write, move and unmap them. */
static void by_churning(void)
{
    const char *memory = map_file(MAP_SHARED, PROT_READ);
    pthread_t threads[CHURNERS + 1];

    for (uintptr_t i = 0; i <= CHURNERS; i++) {
        if (pthread_create(&threads[i], NULL, i < CHURNERS ? churn : press, (void *)(i + 1)) != 0)
            fail("pthread_create", i);
    }
    for (uint64_t page = 0; page < page_count; page++)
        check_page("beside", page_in(memory, page), page);
    for (uintptr_t i = 0; i <= CHURNERS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    const char *way = argc == 3 ? argv[2] : "";

    path = argv[1];
    if (strcmp(way, "read") == 0) {
        by_read();
    } else if (strcmp(way, "private") == 0) {
        by_map(MAP_PRIVATE);
    } else if (strcmp(way, "shared") == 0) {
        by_map(MAP_SHARED);
    } else if (strcmp(way, "write") == 0) {
        by_write();
    } else if (strcmp(way, "threads") == 0) {
        by_threads();
    } else if (strcmp(way, "churn") == 0) {
        by_churning();
    } else {
        fprintf(stderr, "usage: big_file PATH read|private|shared|write|threads|churn\n");
        return 2;
    }
    printf("%llu pages are right\n", (unsigned long long)page_count);
    return 0;
}
