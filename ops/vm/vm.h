/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A machine that runs as a child of ops, or detached from it. */

#include "host/strings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* How a machine ended. */
struct vm_end {
    int stopped_by; /* The signal that told ops to end, 0: none. */
    bool timed_out;
    int qemu_exit; /* QEMU's exit status, 128 and its signal if it was killed. */
};

/*
 * Has SIGINT, SIGTERM, SIGHUP and SIGCHLD wait for vm_run(), so that none is lost in between. To be
 * called before anything is there that they would leave behind.
 */
void vm_signals_hold(void);

/* Whether one of those that end ops has come since. */
bool vm_signals_stop(int *signal);

/* A pipe that the machine writes and ops reads while it runs. */
struct vm_pipe {
    int read_fd;
    int write_fd;
    char path[32]; /* What the machine opens. */
};

int vm_pipe_open(struct vm_pipe *pipe, struct err *err);
void vm_pipe_close(struct vm_pipe *pipe);

struct vm_spec {
    const struct strings *command;
    const char *log; /* Gets its standard error; NULL: ours does. */
    struct vm_pipe *pipe;
    void (*fn)(void *context, const char *bytes, size_t size); /* Gets what comes by the pipe. */
    void *context;
    uint64_t timeout_s; /* 0: none. */
};

/*
 * Runs a machine until it ends, its time is over or a signal says to stop; then it is gone, and all
 * that it wrote to the pipe was handed on. The child dies with ops.
 */
int vm_run(struct vm_end *end, const struct vm_spec *spec, struct err *err);

/* A process, safe against another one getting its number. */
struct vm_process {
    pid_t pid;
    uint64_t start; /* In ticks since the machine booted, from /proc/PID/stat. */
};

/*
 * A process beside a detached command that reads what the command writes to pipes: the command has
 * their writing ends, the keeper the reading ones, so it sees their end when the command is gone.
 * It runs `fn` in the command's folder, holds the same lock, and does not end at signals for ops.
 */
struct vm_keeper {
    const char *title; /* What a list of processes shows. */
    void (*fn)(void *context);
    void *context;
    const struct vm_pipe *pipes; /* Of which some may be all zeros: none. */
    size_t pipe_count;           /* Up to VM_KEEPER_PIPES. */
};

enum {
    VM_KEEPER_PIPES = 2,
};

/*
 * Starts a command that outlives ops and its terminal, in the folder `folder`, which is where its
 * relative paths count from. `alive_fd` is a file of its own, locked: the process keeps it open, so
 * the lock lasts as long as it does, and its content is the process; of our files it has no other
 * open but what `keeper` (or NULL) says. Messages go to the file `log`. Files it makes are for the
 * user alone. Returns 0 when the command runs, or -1 with `err` set.
 */
int vm_detach(const struct strings *command, const char *folder, const char *log, int alive_fd,
              const struct vm_keeper *keeper, struct err *err);

/* Takes the lock of a file made for vm_detach(). Returns its descriptor, or -1 with `err` set. */
int vm_alive_lock(const char *path, struct err *err);

/* Whether somebody holds that lock, and who: all zeros when it does not say. */
bool vm_is_alive(const char *path, struct vm_process *process);

/* Sends a signal, unless the process is gone. */
void vm_kill(const struct vm_process *process, int signal);
