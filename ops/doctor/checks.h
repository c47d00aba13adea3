/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What ops needs of this machine, and whether it is there. */

enum check_state {
    CHECK_OK,
    CHECK_OPTIONAL, /* Missing, and only some commands want it. */
    CHECK_MISSING,  /* ops cannot do its work. */
};

struct check {
    const char *name;
    enum check_state state;
    char *detail; /* What was found, or why not. */
    char *fix;    /* A command for a shell, or an advice; NULL: nothing to do. */
};

/* "ok", "optional", "missing". */
const char *check_state_name(enum check_state state);

/* Looks at everything in turn, and calls `fn` for each. */
void checks_run(void (*fn)(const struct check *check, void *context), void *context);
