/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What ops keeps, below $OPS_HOME (default ~/.ops, mode 0700):
 *
 *     images/NAME.img        a disk image; what ops knows of it beside the disk is in NAME.json
 *     volumes/NAME.img       an ext4 disk; NAME.json likewise
 *     instances/NAME/        a machine: instance.json, console.log, report, qmp.sock, ...;
 *                            .switch.json while ports move (ops/provider/local/instance.h)
 *     packages/NAME_VERSION/ a package: package.json, sysroot/...
 *     cache/                 what can be made again
 *     run/                   folders of `ops run`, gone with it
 *     tmp/                   what is being made; everything in it whose ops is dead is rubbish
 *
 * Invariants, which hold whenever ops is killed:
 *   1. What is in a folder but tmp, cache and run is whole. It is made in tmp and renamed, in one
 *      step, while the folder's lock is held.
 *   2. Whoever changes a folder holds its lock (flock on FOLDER/.lock), which ends with the
 *      process. Readers take no lock: they see the old or the new.
 *   3. Of a pair NAME.img and NAME.json the .img is renamed last and removed first: a .json alone
 *      is rubbish, which state_lock() of that folder removes.
 */

#include "host/strings.h"

struct err;

enum {
    STATE_NAME_MAX = 64, /* Letters of an image, instance or volume. */
};

enum state_folder {
    STATE_IMAGES,
    STATE_VOLUMES,
    STATE_INSTANCES,
    STATE_PACKAGES,
    STATE_CACHE,
    STATE_RUN,
    STATE_TMP,
};

/* $OPS_HOME, or .ops in the home directory. To be freed. */
char *state_home(void);

/* Makes it, for the eyes of its owner, unless it is there. Returns 0, or -1 with `err` set. */
int state_home_make(struct err *err);

/* The path of FOLDER, or of NAME in it with `suffix` ("" for none). To be freed. */
char *state_folder_path(enum state_folder folder);
char *state_path(enum state_folder folder, const char *name, const char *suffix);

/*
 * Whether `name` can be the name of something: letters, digits, `-`, `_` and `.`, not starting with
 * a `.` or `-`, at most STATE_NAME_MAX. `what` is for the message: "image". Sets `err` if not.
 */
int state_name_check(const char *what, const char *name, struct err *err);

/* A folder under lock. All zeros is none. */
struct state_lock {
    int fd; /* 0: none. */
};

/*
 * Makes the folder, waits for its lock, and removes what a killed ops left. Returns 0, or -1 with
 * `err` set. state_unlock() of one of all zeros does nothing.
 */
int state_lock(struct state_lock *lock, enum state_folder folder, struct err *err);
void state_unlock(struct state_lock *lock);

/*
 * A path in tmp for something that is being made, its own each time, to be freed. A file or folder
 * there is removed by a later ops when this process is gone. Returns NULL with `err` set.
 */
char *state_tmp(const char *name, struct err *err);

/* The names in a folder that end with `suffix`, without it, sorted; none if there is no folder. */
int state_list(struct strings *names, enum state_folder folder, const char *suffix,
               struct err *err);

/* Writes a small file whole: by way of tmp, synced and renamed. 0600. */
int state_write(const char *path, const char *text, struct err *err);

/* Removes a file, or a directory with all that is in it. Links are not followed. Missing: fine. */
int state_remove(const char *path, struct err *err);
