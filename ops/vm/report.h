/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the kernel says of a run, apart from the console: lines on a port of QEMU's.
 *
 *     boot_ns N      from its entry to the program's first instruction
 *     memory_kib N   in use by the kernel at that time
 *     exit N         the program ended with this status
 *     signal N       the program was ended by this signal
 *     panic TEXT     the kernel gave up
 *     error TEXT     the program could not be started
 *     restart N      the program has ended, and the machine starts again, for the N-th time
 *     hold TEXT      it has ended, by its `exit` or a `signal`; the machine waits for a debugger
 *     trace TEXT     a system call, as strace writes it
 *     open PATH      the program opened this file
 *     missing PATH   it asked for this file, which is not there; of both, see report_path()
 *     syscalls NAME CALLS ERRORS NANOSECONDS
 *
 * The guest is not trusted: other lines (`files-cut N`) are passed over, and of all but
 * `restart` and the last four kinds the first of a kind counts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REPORT_SIZE_MAX = 64 * 1024,
    REPORT_TEXT_MAX = 200,
    REPORT_LINE_MAX = 4096, /* Longer ones are cut. */
};

struct report {
    bool has_exit;
    int exit; /* 0 to 255. */
    bool has_signal;
    int signal;                  /* 1 to 64. */
    bool is_held;                /* It has ended, and the machine waits for a debugger. */
    uint64_t boot_ns;            /* 0: not said. */
    uint64_t memory_kib;         /* 0: not said. */
    uint64_t restarts;           /* As the last line of the kind says. */
    char panic[REPORT_TEXT_MAX]; /* Printable; empty: it did not. */
    char error[REPORT_TEXT_MAX];
};

/* Parses `size` bytes, of which it looks at REPORT_SIZE_MAX. */
void report_parse(struct report *report, const char *text, size_t size);

/* Lines of which there can be many. */
enum report_kind {
    REPORT_TRACE,
    REPORT_OPEN,
    REPORT_MISSING,
    REPORT_SYSCALLS,
    REPORT_KINDS,
};

/*
 * A report that is read while it is written. All zeros but the functions and `context` is the
 * start.
 */
struct report_reader {
    struct report report;

    /* Gets the text of each such line, with nothing in it that a terminal obeys; may be NULL. */
    void (*fn)(void *context, enum report_kind kind, const char *text);

    /* Gets every other line as it is; may be NULL. */
    void (*other)(void *context, const char *line, size_t len);
    void *context;

    char line[REPORT_LINE_MAX];
    size_t len;
};

void report_feed(struct report_reader *reader, const char *bytes, size_t size);

/*
 * The path that the text of an `open` or `missing` line stands for: the kernel writes \ooo, three
 * octal digits, for whatever is not a printable character of ASCII, and for a backslash. In place.
 */
void report_path(char *text);

/* The machine is gone: what is there of a last line counts as one. */
void report_finish(struct report_reader *reader);
