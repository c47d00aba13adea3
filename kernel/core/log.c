/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: a ring of bytes, oldest overwritten first, and the console. The console's bytes go out
 * under the lock too, so lines never mix. A panic takes the log over: its CPU no longer asks for
 * the lock, which this or another CPU may hold for good.
 */
#include "kernel/core/log.h"

#include "kernel/arch/power.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

#include <stdarg.h>

enum {
    RING_SIZE = 32 << 10, /* A power of two. */
    LINE_SIZE = 512,      /* With time and newline; longer ones are cut. */
    CONSOLE_PART = 256,   /* Bytes of the program written with interrupts off at a time. */
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_LOG);
static char ring[RING_SIZE];
static u64 written; /* Bytes ever put into the ring. */
static enum log_level shown = LOG_INFO;
static log_sink_fn *console_sink;
static bool panicking; /* [atomic] Set once, by the CPU that then runs alone. */

static void lock_log(void) LOCK_INTERNALS
{
    if (!__atomic_load_n(&panicking, __ATOMIC_RELAXED))
        spin_lock(&lock);
}

static void unlock_log(void) LOCK_INTERNALS
{
    if (!__atomic_load_n(&panicking, __ATOMIC_RELAXED))
        spin_unlock(&lock);
}

static void ring_put(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ring[written++ % RING_SIZE] = bytes[i];
}

static void console_put(const char *bytes, size_t len)
{
    if (console_sink && !panicking) {
        console_sink(bytes, len);
    } else {
        machine_console_write(bytes, len);
    }
}

static void log_line(enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void log_line(enum log_level level, const char *format, va_list args)
{
    char bytes[LINE_SIZE];
    struct text line;
    u64 now_us = clock_now_ns() / NS_PER_US;

    text_init(&line, bytes, LINE_SIZE - 1); /* Room for the newline. */
    text_format(&line, "[%5lu.%06lu] ", now_us / 1000000, now_us % 1000000);
    text_format_args(&line, format, args);
    bytes[line.len] = '\n';
    lock_log();
    ring_put(bytes, line.len + 1);
    if (level <= shown)
        console_put(bytes, line.len + 1);
    unlock_log();
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_ERROR, format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_WARN, format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_INFO, format, args);
    va_end(args);
}

void log_debug(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_DEBUG, format, args);
    va_end(args);
}

void log_set_level(enum log_level level)
{
    shown = level;
}

void log_set_sink(log_sink_fn *sink)
{
    lock_log();
    console_sink = sink;
    unlock_log();
}

void console_write(const char *bytes, size_t len)
{
    while (len > 0) {
        size_t part = size_min(len, CONSOLE_PART);

        lock_log();
        console_put(bytes, part);
        unlock_log();
        bytes += part;
        len -= part;
    }
}

size_t log_read(char *bytes, size_t size)
{
    u64 from;
    size_t len = 0;

    lock_log();
    from = written - u64_min(written, RING_SIZE);
    if (!bytes) {
        len = written - from;
    } else {
        if (written - from > size) {
            from = written - size;
        } else if (from > 0) {
            from++; /* The byte before it is gone. */
        }
        if (from > 0) {
            while (from < written && ring[(from - 1) % RING_SIZE] != '\n')
                from++;
        }
        for (; from < written; from++)
            bytes[len++] = ring[from % RING_SIZE];
    }
    unlock_log();
    return len;
}

void log_begin_panic(void)
{
    __atomic_store_n(&panicking, true, __ATOMIC_RELAXED);
}
