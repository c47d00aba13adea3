/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * QEMU's monitor, spoken to in JSON (docs/interop/qmp-spec of QEMU). It serves one at a time:
 * another one waits, and gives up. What it says is not trusted: lines have a limit, and every
 * answer a time.
 */

#include <jansson.h>
#include <stddef.h>

struct err;

enum {
    QMP_LINE_MAX = 1 << 20,
    QMP_LINES_MAX = 10000, /* Events in front of one answer. */
    QMP_TIMEOUT_MS = 5000,
};

struct qmp {
    int fd; /* -1: closed. */
    char *buffer;
    size_t len;
    int timeout_ms; /* For each answer. */
};

/* Connects to the socket `name` in `folder`, however long its path. Returns 0, or -1 with `err`. */
int qmp_open(struct qmp *qmp, const char *folder, const char *name, struct err *err);

/* The same on a connected socket, which it takes over. */
int qmp_start(struct qmp *qmp, int fd, int timeout_ms, struct err *err);
void qmp_close(struct qmp *qmp);

/*
 * Has a command done. `args` (or NULL) is taken over. `*reply`, unless NULL, is what it returned,
 * to be given back with json_decref(). Returns 0, or -1 with `err` set to what QEMU said.
 */
int qmp_execute(struct qmp *qmp, const char *command, json_t *args, json_t **reply,
                struct err *err);

/* A line of the monitor for people. `*text`, unless NULL, is its answer, to be freed. */
int qmp_human(struct qmp *qmp, const char *line, char **text, struct err *err);

/*
 * Connects to a unix socket in a folder, in QMP_TIMEOUT_MS or not at all. Returns the descriptor,
 * or -1 with `err` set.
 */
int qmp_connect(const char *folder, const char *name, struct err *err);
