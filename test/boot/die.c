/* SPDX-License-Identifier: Apache-2.0 */
/* Ends by the signal, or the fault, that its argument names: for fatal_signal.py. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int zero;

static void die_by_segv(void)
{
    static int *volatile bad = (int *)16;

    *bad = 1;
}

static void die_by_fpe(void)
{
    printf("%d\n", 1000 / zero);
}

static int descend(volatile int *depth) /* NOLINT(misc-no-recursion) */
{
    volatile char frame[1024];

    frame[0] = (char)++*depth;
    return (*depth > 0 ? descend(depth) : 0) + frame[0];
}

static void die_by_overflow(void)
{
    int depth = 0;

    printf("%d\n", descend(&depth));
}

static void die_by_illegal(void)
{
    __asm__ volatile("ud2");
}

static void die_by_jump(void)
{
    static void (*volatile bad)(void);

    bad(); /* NOLINT(clang-analyzer-core.CallAndMessage): this is how it dies. */
}

static void die_waiting(void)
{
    printf("waiting\n");
    fflush(stdout);
    for (;;)
        pause();
}

/* Each press of the power button is one signal: the second ends it. */
static void handled(int signal)
{
    static const char line[] = "pressed\n";
    static volatile sig_atomic_t count;

    (void)signal;
    if (write(STDOUT_FILENO, line, sizeof(line) - 1) < 0 || ++count == 2)
        _exit(7);
}

static void end_handled(void)
{
    (void)signal(SIGTERM, handled);
    die_waiting();
}

static const struct {
    const char *name;
    void (*function)(void);
    int signal;
} ways[] = {
    { "segv", die_by_segv, 0 },         { "fpe", die_by_fpe, 0 },
    { "overflow", die_by_overflow, 0 }, { "illegal", die_by_illegal, 0 },
    { "jump", die_by_jump, 0 },         { "abort", abort, 0 },
    { "wait", die_waiting, 0 },         { "handle", end_handled, 0 },
    { "kill", NULL, SIGKILL },          { "term", NULL, SIGTERM },
    { "usr1", NULL, SIGUSR1 },          { "rt", NULL, 40 },
};

int main(int argc, char **argv)
{
    size_t i;

    for (i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(ways[i].name, argv[1]) != 0)
            continue;
        if (ways[i].function) {
            ways[i].function();
        } else {
            kill(getpid(), ways[i].signal);
        }
    }
    printf("still alive\n");
    return 1;
}
