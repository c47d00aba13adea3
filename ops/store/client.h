/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A command that makes use of a program in a machine while ops waits for the machine. A child of
 * ops' runs it when the machine has been quiet for a moment, and tells ops to end the machine when
 * it is over.
 */

#include "host/strings.h"

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct client {
    const struct strings *command; /* Empty: none is wanted. */
    pid_t pid;                     /* 0: not started, or gone. */
    int notice_fd;                 /* Written to by client_notice(). */
    int status;                    /* Of the command; -1: it has not ended. */
};

void client_init(struct client *client, const struct strings *command);

/* Ends it, however far it is. */
void client_fini(struct client *client);

bool client_is_wanted(const struct client *client);

/* Starts the child, if a command is wanted. */
int client_start(struct client *client, struct err *err);

/* The machine did something. */
void client_notice(struct client *client);

/* The machine is gone. Ends the child if it has not, and returns the command's status, or -1. */
int client_end(struct client *client);
